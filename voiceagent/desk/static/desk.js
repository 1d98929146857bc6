"use strict";

// Shows what the server sends, and sends what a person says of a handover. No text becomes HTML
// here: the server has escaped what callers said.

const cases = document.getElementById("cases");
const line = document.getElementById("line");
const words = JSON.parse(cases.dataset.words);
const base = "/desk/" + cases.dataset.person;

function show(html) {
  const focused = document.activeElement;
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  for (const article of fresh.content.querySelectorAll("article")) {
    // A form that somebody is filling in stays as it is.
    const form = document.getElementById(article.id)?.querySelector("form.mark");
    if (form) article.querySelector("form.mark")?.replaceWith(form);
  }
  cases.replaceChildren(fresh.content);
  if (cases.contains(focused)) focused.focus();
  tell();
}

function tell() {
  const heading = cases.querySelector("article:not(.over) h2");
  const who = heading ? heading.querySelector(".who").textContent : "";
  line.textContent = heading ? who + ": " + heading.querySelector(".state").textContent : words.live;
  document.title = (heading ? who + " – " : "") + words.title.replace("{person}", decodeURIComponent(cases.dataset.person));
}

function follow() {
  const source = new EventSource(base + "/events?version=" + cases.dataset.version);
  source.onopen = tell;
  source.addEventListener("cases", (event) => show(JSON.parse(event.data)));
  source.addEventListener("out", () => location.reload());
  source.onerror = () => {
    line.textContent = words.no_connection;
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  };
}

cases.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const told = form.querySelector("output");
  const values = new FormData(form);
  const wanted = { mark: values.get("mark") };
  if (values.get("reason")) wanted.reason = values.get("reason");
  if (values.get("turn")) wanted.turn = Number(values.get("turn"));
  try {
    const answer = await fetch(base + "/calls/" + form.dataset.call + "/marks", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wanted),
    });
    told.textContent = answer.ok ? words.kept : (await answer.json()).detail;
  } catch {
    told.textContent = words.not_kept;
  }
});

follow();
