"""Who else learns how a run gets on: metrics and notifications, as subscribers of the event bus."""
