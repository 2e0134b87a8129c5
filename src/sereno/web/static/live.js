// Two small comforts; every page is complete without them.
//
// 1. Times: <time datetime="…Z" data-local> is shown in the reader's zone, UTC on hover. data-local="time" leaves out the day.
// 2. Live parts: an element with an id and data-live="15" is fetched again with its page every 15 seconds and swapped;
//    while that fails, the words of its data-live-lost stand above it.
"use strict";

(() => {
  const language = document.documentElement.lang;
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
  const formats = {
    "": new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric", ...clock }),
    time: new Intl.DateTimeFormat(language, clock),
  };

  const showLocalTimes = (root) => {
    for (const time of root.querySelectorAll("time[data-local]")) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      time.title = time.textContent.trim();
      time.textContent = (formats[time.dataset.local] || formats[""]).format(moment);
    }
  };

  // Swapping under somebody's hands loses their place, so a part in use waits for the next turn.
  const isInUse = (part) =>
    part.contains(document.activeElement) || (!getSelection().isCollapsed && part.contains(getSelection().anchorNode));

  const swap = (part, page) => {
    const fresh = page.getElementById(part.id);
    if (!fresh || isInUse(part)) return;
    for (const open of part.querySelectorAll("details[id][open]")) {
      const again = fresh.querySelector(`#${CSS.escape(open.id)}`);
      if (again) again.open = true;
    }
    showLocalTimes(fresh);
    part.replaceWith(fresh);
  };

  const tellLost = (part) => {
    if (!part.dataset.liveLost || part.querySelector(":scope > .lost")) return;
    const words = document.createElement("p");
    words.className = "notice warn lost";
    words.setAttribute("role", "status");
    words.textContent = part.dataset.liveLost;
    part.prepend(words);
  };

  const parts = () => document.querySelectorAll("[data-live][id]");

  const refresh = async () => {
    if (document.hidden) return;
    try {
      // The header tells the desk that nobody is at the keyboard: a refresh keeps no idle session alive.
      const answer = await fetch(location.href, { cache: "no-store", headers: { "X-Live": "1" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of parts()) swap(part, page);
    } catch {
      // The desk or the network is away, or the session has ended; the next turn tries again.
      for (const part of parts()) tellLost(part);
    }
  };

  showLocalTimes(document);
  const turns = [...parts()].map((part) => Number(part.dataset.live));
  const seconds = Math.max(5, Math.min(...turns));
  if (Number.isFinite(seconds)) {
    setInterval(refresh, seconds * 1000);
    document.addEventListener("visibilitychange", refresh);
  }
})();
