// Plays an answer: words, evidence and the picture of the sound lead to their moment.
// Everything can be read without this file.
(() => {
  "use strict";
  const one = (query, root = document) => root.querySelector(query);
  const all = (query, root = document) => [...root.querySelectorAll(query)];

  for (const drop of all(".drop")) {
    drop.hidden = false;
    drop.addEventListener("click", () => {
      drop.closest("li").remove();
      one(".draft input[type=text]").focus();
    });
  }

  const audio = one("audio");
  if (!audio) return;
  const [play, seek, time, wave, playhead] = [".play", ".seek", ".clock b", ".wave", ".playhead"].map((query) => one(query));
  const words = all(".w");
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const length = () => Number(wave?.dataset.duration) || audio.duration || 1;
  let end = Infinity; // where a piece of evidence is over
  let lit = null;

  document.documentElement.classList.add("scripted");
  audio.hidden = true;
  for (const part of [play, seek, one(".clock")]) part.hidden = false;

  const show = () => {
    const now = audio.currentTime;
    if (now >= end) {
      audio.pause();
      end = Infinity;
    }
    time.textContent = clock(now);
    if (document.activeElement !== seek || !audio.paused) seek.value = now;
    seek.setAttribute("aria-valuetext", clock(now));
    for (const side of ["x1", "x2"]) playhead?.setAttribute(side, `${Math.min(100, (100 * now) / length())}%`);
    const next = now > 0 ? words.find((word) => now >= word.dataset.start - 0.05 && now < Number(word.dataset.end) + 0.15) : null;
    if (next !== lit) {
      lit?.classList.remove("lit");
      next?.classList.add("lit");
      lit = next;
    }
    if (!audio.paused) requestAnimationFrame(show);
  };
  const go = (moment, until = Infinity) => {
    end = until;
    audio.currentTime = Math.max(0, moment);
    document.body.classList.add("started");
  };
  const playFrom = (moment, until) => {
    go(moment, until);
    audio.play().catch(() => {});
  };
  const toggle = () => {
    end = Infinity;
    audio.paused ? audio.play().catch(() => {}) : audio.pause();
  };

  for (const event of ["play", "pause", "ended"]) {
    audio.addEventListener(event, () => {
      document.body.classList.add("started");
      document.body.classList.toggle("playing", !audio.paused);
      play.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
      show();
    });
  }
  for (const event of ["seeked", "timeupdate"]) audio.addEventListener(event, () => audio.paused && show());
  audio.addEventListener("loadedmetadata", () => {
    if (wave) return; // its times are those of the server
    seek.max = audio.duration;
    one(".clock span").textContent = clock(audio.duration);
  });
  play.addEventListener("click", toggle);
  seek.addEventListener("input", () => go(Number(seek.value)));
  wave?.addEventListener("click", (event) => {
    const box = wave.getBoundingClientRect();
    playFrom((length() * (event.clientX - box.left)) / box.width);
  });
  for (const quote of all("a.quote")) {
    quote.addEventListener("click", (event) => {
      event.preventDefault();
      playFrom(quote.dataset.start - 0.1, Number(quote.dataset.end) + 0.25);
    });
  }

  // Words: one of them can be reached with Tab, the arrows go on from there.
  const form = one("#correct");
  const choose = (word) => {
    if (!form) return;
    one(".w.chosen")?.classList.remove("chosen");
    word.classList.add("chosen");
    const heard = word.dataset.heard ?? word.textContent;
    form.elements.start_s.value = word.dataset.start;
    form.elements.heard.value = heard;
    form.elements.text.value = one("del", word) ? "" : word.textContent;
    one("label b", form).textContent = heard;
    form.hidden = false;
  };
  const reach = (word) => {
    for (const each of words) each.tabIndex = each === word ? 0 : -1;
  };
  words.forEach((word, at) => {
    word.setAttribute("role", "button");
    word.addEventListener("click", () => {
      reach(word);
      choose(word);
      playFrom(word.dataset.start);
    });
    word.addEventListener("keydown", (event) => {
      const step = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: words.length - 1 }[event.key];
      if (event.key === "Enter") word.click();
      else if (words[step]) {
        reach(words[step]);
        words[step].focus();
      } else return;
      event.preventDefault();
    });
  });
  if (words.length) {
    reach(words[0]);
    if (form) one(".hint").hidden = false;
    const text = one(".transcript");
    text.setAttribute("role", "group");
    text.setAttribute("aria-label", "What you said: arrows go from word to word, Enter plays from there");
  }

  document.addEventListener("keydown", (event) => {
    const isBusy = event.target.closest("input, textarea, select, button, summary, audio, [contenteditable]");
    if (event.key !== " " || event.ctrlKey || event.metaKey || event.altKey || isBusy) return;
    event.preventDefault();
    toggle();
  });
})();
