"use strict";
(() => {
  const find = document.querySelector("#find");
  if (!find) return;
  const [words, stage, shown] = ["#words", "#stage", "#shown"].map((name) => document.querySelector(name));
  const causes = [...document.querySelectorAll("details.cause")];
  const texts = causes.map((cause) => cause.textContent.toLowerCase());
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    causes.forEach((cause, at) => {
      const fits = (!stage.value || cause.dataset.stage === stage.value) && wanted.every((word) => texts[at].includes(word));
      cause.hidden = !fits;
      count += fits;
    });
    shown.textContent = `${count} of ${causes.length} shown`;
  };
  find.hidden = false;
  words.addEventListener("input", filter);
  stage.addEventListener("change", filter);
  filter();
})();
