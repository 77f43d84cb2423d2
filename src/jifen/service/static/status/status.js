// Renews the figures at the top every fifteen seconds while somebody looks; the whole page when a day was closed.
"use strict";
const EVERY = 15000;
async function renew() {
  const live = document.getElementById("live");
  if (!live || document.visibilityState !== "visible") return;
  const stale = document.getElementById("stale");
  try {
    const answer = await fetch(location.href, {headers: {Accept: "text/html"}});
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("live");
    const reading = document.querySelector("details[open]") || document.activeElement.tagName === "INPUT";
    if (!fresh || (fresh.dataset.lastDay !== live.dataset.lastDay && !reading)) location.reload();
    else if (fresh) live.replaceWith(fresh);
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
}
setInterval(renew, EVERY);
