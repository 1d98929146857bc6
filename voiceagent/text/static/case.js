"use strict";

// The token stands behind # and never leaves this page but in the header of a request.
const token = location.hash.slice(1);
const caseId = location.pathname.split("/").pop();
const address = `/api/cases/${caseId}`;
const words = JSON.parse(document.querySelector("main").dataset.words);
const every = 1500;

const state = document.getElementById("state");
const messages = document.getElementById("messages");
const form = document.getElementById("write");
const text = document.getElementById("text");
let shown = 0;

async function ask(path, options = {}) {
  const headers = { Authorization: `Bearer ${token}` };
  if (options.body) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { ...options, headers });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.detail), { status: answer.status });
  return told;
}

function show(message) {
  const item = document.createElement("li");
  item.className = message.who;
  const who = document.createElement("strong");
  who.textContent = words[message.who];
  item.append(who, message.text);
  messages.append(item);
  item.scrollIntoView({ block: "nearest" });
}

async function refresh() {
  try {
    const told = await ask(address);
    told.messages.slice(shown).forEach(show);
    shown = told.messages.length;
    if (form.hidden) {
      form.hidden = false;
      text.focus();
    }
    state.textContent = words.connected;
  } catch (problem) {
    if (problem.status === 401 || problem.status === 404) {
      state.textContent = words.gone;
      form.hidden = true;
      return;
    }
    state.textContent = words.no_connection;
  }
  setTimeout(refresh, every);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const written = text.value.trim();
  if (!written) return;
  try {
    await ask(`${address}/messages`, { method: "POST", body: JSON.stringify({ text: written }) });
    text.value = "";
    state.textContent = words.sent;
  } catch (problem) {
    state.textContent = `${words.not_sent} ${problem.message}`;
  }
  text.focus();
});

text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    form.requestSubmit();
  }
});

refresh();
