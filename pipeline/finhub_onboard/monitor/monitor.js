
"use strict";
// Shows each state as the server sends it; the server has escaped its texts.
const main = document.querySelector("main");
const line = document.getElementById("line");
const events = new EventSource("events");
line.textContent = "Connecting.";
events.addEventListener("open", () => { line.textContent = "Live."; line.className = ""; });
events.addEventListener("state", (event) => { main.innerHTML = event.data; });
events.addEventListener("error", () => {
  line.textContent = "The monitor does not answer: this is the last that it said.";
  line.className = "lost";
});
