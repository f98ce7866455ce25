// The newest statements, kept up to date while the page is open. The server makes the list: what comes over the
// live stream only says that there is something new. Without this file the page is as it was when it was loaded.
"use strict";
(() => {
  const bar = document.querySelector("[data-live]");
  if (!bar || !window.EventSource) return;
  const said = bar.querySelector("[role=status]");
  const button = bar.querySelector("button");
  const SOON = 300;       // milliseconds: what comes together is shown together
  const LATER = 30000;    // the server was full, or away: browsers do not come back by themselves then
  let source = null, timer = 0, fresh = 0, last = "", paused = false;

  const changes = () => (fresh === 1 ? "1 change" : `${fresh} changes`);
  const tell = (words, label) => {
    said.textContent = words;
    button.textContent = label;
  };

  const show = async () => {
    timer = 0;
    const list = document.getElementById("newest");
    // nothing is taken away from under somebody who reads by keyboard or selects text
    if (paused || list.contains(document.activeElement) || String(getSelection())) {
      tell(`${changes()} to show.`, "Show");
      return;
    }
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.replaceChildren(...page.getElementById("newest").children);
    tell(`${changes()}, just now.`, "Pause");
    fresh = 0;
  };

  const heard = (event) => {
    last = event.lastEventId;
    fresh += 1;
    if (!timer) timer = setTimeout(show, SOON);
  };

  const open = () => {
    const address = new URL(bar.dataset.live, location.href);
    if (last) address.searchParams.set("after", last);
    source = new EventSource(address);
    source.addEventListener("statement", heard);
    source.addEventListener("withdrawn", heard);
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(open, LATER);
    });
  };

  button.addEventListener("click", () => {
    paused = button.textContent === "Pause";
    if (paused) tell("Paused.", "Go on");
    else if (fresh) show();
    else tell("Live: new statements show here by themselves.", "Pause");
  });

  bar.hidden = false;
  open();
})();
