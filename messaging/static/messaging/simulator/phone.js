// Keeps the phone screen live: asks once a second for the parts that have changed and puts them in place. Without it
// the page still works through its links and forms.

const list = document.querySelector("[data-state-url]");
const parts = new Map([...document.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]));
const bubbles = parts.get("bubbles");
const composer = document.querySelector("[data-composer]");
const wall = bubbles?.parentElement;
const shown = new WeakMap();
let revision = "";
let asking = false;

function scrollDown() {
  if (wall) wall.scrollTop = wall.scrollHeight;
}

function isAtEnd() {
  return wall.scrollHeight - wall.scrollTop - wall.clientHeight < 80;
}

// What a bubble says, without the form token that differs in each answer.
function signatureOf(node) {
  return node.outerHTML.replace(/name="csrfmiddlewaretoken" value="\w+"/g, "");
}

// Only new and changed bubbles are touched, so that focus stays where it is and a screen reader hears what is new.
function placeBubbles(html) {
  const wasAtEnd = isAtEnd();
  const fresh = document.createElement("ol");
  fresh.innerHTML = html;
  const known = new Map([...bubbles.children].map((node) => [node.dataset.id, node]));
  const wanted = new Set();
  for (const node of [...fresh.children]) {
    wanted.add(node.dataset.id);
    const old = known.get(node.dataset.id);
    const signature = signatureOf(node);
    if (!old) bubbles.append(node);
    else if (shown.get(old) !== signature) replaceBubble(old, node);
    shown.set(old ?? node, signature);
  }
  for (const [id, node] of known) if (!wanted.has(id)) node.remove();
  if (wasAtEnd) scrollDown();
}

// A changed bubble keeps its place in the page, and its ticks are swapped without moving the focus.
function replaceBubble(old, node) {
  const holdsFocus = old.contains(document.activeElement);
  const [before, after] = [old.querySelector(".bubble__paper"), node.querySelector(".bubble__paper")];
  if (!before || !after) return;
  if (holdsFocus && before.contains(document.activeElement)) {
    before.querySelector(".bubble__meta").replaceWith(after.querySelector(".bubble__meta"));
  } else {
    before.replaceWith(after);
  }
}

function placePart(name, html) {
  const node = parts.get(name);
  if (!node) return;
  if (name === "bubbles") {
    placeBubbles(html);
    return;
  }
  const focused = node.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  node.innerHTML = html;
  if (focused) node.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}

async function ask() {
  if (asking || document.hidden) return;
  asking = true;
  try {
    const query = new URLSearchParams({ chat: list.dataset.chat, seen: revision });
    const answer = await fetch(`${list.dataset.stateUrl}?${query}`, { headers: { Accept: "application/json" } });
    if (answer.status === 200) {
      const state = await answer.json();
      revision = state.revision;
      for (const [name, html] of Object.entries(state.parts)) placePart(name, html);
    }
    list.classList.toggle("list--lost", !answer.ok);
  } catch {
    list.classList.add("list--lost");
  } finally {
    asking = false;
  }
}

async function send(event) {
  const form = event.target;
  if (!form.closest(".device") || form.querySelector(".composer__quote")) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  if (form === composer && !String(body.get("text")).trim()) return;
  if (form === composer) form.reset();
  await fetch(form.action, { method: "POST", body, redirect: "manual" });
  scrollDown();
  await ask();
  scrollDown();
}

for (const node of bubbles?.children ?? []) shown.set(node, signatureOf(node));
document.addEventListener("submit", send);
document.addEventListener("visibilitychange", ask);
document.documentElement.classList.add("live");
scrollDown();
setInterval(ask, 1000);
ask();
