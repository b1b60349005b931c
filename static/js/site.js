/* On every page: local time beside the UTC time on hover, and on pages that refresh themselves what a lost connection means. */
"use strict";

function addLocalTimes(root) {
  for (const time of root.querySelectorAll("time[datetime][title$='UTC']")) {
    const local = new Date(time.dateTime).toLocaleString();
    time.title = `${time.title} (${local})`;
  }
}

function showLostConnection() {
  const note = document.getElementById("freshness");
  const live = document.getElementById("live");
  if (note && live) {
    note.textContent = `${note.dataset.lost} ${live.dataset.time}`;
    note.classList.add("stale");
  }
}

function showFresh() {
  const note = document.getElementById("freshness");
  if (note) {
    note.textContent = "";
    note.classList.remove("stale");
  }
}

document.addEventListener("DOMContentLoaded", () => {
  addLocalTimes(document);
  document.body.addEventListener("htmx:sendError", showLostConnection);
  document.body.addEventListener("htmx:responseError", showLostConnection);
  document.body.addEventListener("htmx:afterSettle", () => {
    showFresh();
    addLocalTimes(document);
  });
});
