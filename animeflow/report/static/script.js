"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  // dark and light: the system's choice until the button is pressed
  const root = document.documentElement;
  const remembered = (() => { try { return localStorage.getItem("animeflow-theme"); } catch { return null; } })();
  if (remembered) root.style.colorScheme = remembered;
  const isDark = () => (root.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const theme = document.getElementById("theme");
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => {
    root.style.colorScheme = isDark() ? "light" : "dark";
    try { localStorage.setItem("animeflow-theme", root.style.colorScheme); } catch { /* a page from file:// may have no storage */ }
    nameTheme();
  });
  nameTheme();

  // where the reader is
  const links = new Map(all(".rail a").map((a) => [a.hash.slice(1), a]));
  const spy = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      links.forEach((a) => a.removeAttribute("aria-current"));
      const link = links.get(entry.target.id);
      if (!link) continue;
      link.setAttribute("aria-current", "true");
      const rail = link.closest(".rail");
      if (rail.scrollWidth > rail.clientWidth) rail.scrollLeft = link.offsetLeft - 16;
    }
  }, { rootMargin: "-12% 0px -80% 0px" });
  all("main > section").forEach((section) => spy.observe(section));

  // timeline: a hair line with the time under the pointer
  const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(2).padStart(5, "0")}`;
  all(".tl-inner").forEach((inner) => {
    const total = Number(inner.dataset.seconds);
    const track = inner.querySelector(".film .track");
    const hair = document.createElement("div");
    hair.className = "hair";
    hair.hidden = true;
    hair.append(document.createElement("span"));
    inner.append(hair);
    inner.addEventListener("pointerleave", () => { hair.hidden = true; });
    inner.addEventListener("pointermove", (event) => {
      const box = track.getBoundingClientRect();
      const at = (event.clientX - box.left) / box.width;
      hair.hidden = at < 0 || at > 1;
      hair.style.left = `${event.clientX - inner.getBoundingClientRect().left}px`;
      hair.firstChild.textContent = clock(at * total);
    });
  });

  // clips: sort by any column, filter by decision, reason and text
  const table = document.querySelector("table.clips");
  if (table) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const state = { decision: "", reason: "", text: "" };
    const count = document.getElementById("clip-count");
    const apply = () => {
      let shown = 0;
      for (const row of rows) {
        const ok = (!state.decision || row.dataset.decision === state.decision)
          && (!state.reason || row.dataset.failed.split(" ").includes(state.reason))
          && (!state.text || row.textContent.toLowerCase().includes(state.text));
        row.hidden = !ok;
        shown += ok;
      }
      count.textContent = `${shown} of ${rows.length} shown`;
    };
    const press = (buttons, chosen) => buttons.forEach((b) => b.setAttribute("aria-pressed", String(b === chosen)));
    const decisions = all("[data-filter-decision]");
    decisions.forEach((button) => button.addEventListener("click", () => {
      state.decision = button.dataset.filterDecision;
      press(decisions, button);
      apply();
    }));
    const reasons = all("[data-filter-reason]");
    reasons.forEach((button) => button.addEventListener("click", () => {
      const off = state.reason === button.dataset.filterReason;
      state.reason = off ? "" : button.dataset.filterReason;
      press(reasons, off ? null : button);
      apply();
    }));
    document.getElementById("clip-search").addEventListener("input", (event) => {
      state.text = event.target.value.trim().toLowerCase();
      apply();
    });
    const value = (row, index) => {
      const raw = row.cells[index].dataset.v;
      if (raw === undefined || raw === "") return null;
      const parsed = Number(raw);
      return Number.isNaN(parsed) ? raw : parsed;
    };
    const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
    all("th button", table).forEach((button) => button.addEventListener("click", () => {
      const th = button.closest("th");
      const down = th.getAttribute("aria-sort") === "ascending";
      all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = rows.map((row) => [value(row, th.cellIndex), row]).sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null); // null is last either way
        return down ? compare(b, a) : compare(a, b);
      });
      body.append(...sorted.map(([, row]) => row));
    }));
  }

  // layers: play the drawings of a clip, each as long as it is held
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  all(".clip[data-holds]").forEach((clip) => {
    const holds = JSON.parse(clip.dataset.holds);
    const names = JSON.parse(clip.dataset.names);
    const cels = all(".cel", clip);
    const cells = all(".sheet button", clip);
    const play = clip.querySelector(".play");
    const output = clip.querySelector("output");
    const ends = holds.reduce((sum, hold) => [...sum, (sum.at(-1) ?? 0) + hold], []);
    let index = 0, running = false, started = 0, frame = 0;
    const show = (next) => {
      index = next;
      cels.forEach((cel) => {
        const columns = Number(cel.dataset.columns), lines = Number(cel.dataset.rows);
        const x = columns > 1 ? (index % columns) / (columns - 1) * 100 : 0;
        const y = lines > 1 ? Math.floor(index / columns) / (lines - 1) * 100 : 0;
        cel.style.backgroundPosition = `${x}% ${y}%`;
      });
      cells.forEach((cell, i) => (i === index ? cell.setAttribute("aria-current", "true") : cell.removeAttribute("aria-current")));
      output.textContent = names[index];
    };
    const stop = () => { running = false; cancelAnimationFrame(frame); play.textContent = "Play"; };
    const tick = (now) => {
      const at = ((now - started) / 1000) % ends.at(-1);
      const next = ends.findIndex((end) => at < end);
      if (next !== index && next >= 0) show(next);
      frame = requestAnimationFrame(tick);
    };
    const start = () => {
      running = true;
      play.textContent = "Pause";
      started = performance.now() - (index ? ends[index - 1] : 0) * 1000;
      frame = requestAnimationFrame(tick);
    };
    play.addEventListener("click", () => (running ? stop() : start()));
    cells.forEach((cell, i) => cell.addEventListener("click", () => { stop(); show(i); }));
    new IntersectionObserver(([entry]) => { if (!entry.isIntersecting && running) stop(); }).observe(clip);
    if (still.matches) play.title = "plays although reduced motion is asked for";
    show(0);
  });
})();
