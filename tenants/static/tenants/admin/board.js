// Makes the assignment board quicker: a type-ahead in each select's place, and changes and conflicts told while one chooses.
// Everything it says is checked again on saving; without this file the selects and buttons do the same by themselves.

const NONE = "none";
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const digitsOf = (text) => text.replace(/\D/g, "");
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

/** The options that `typed` may mean: those whose number ends like it, else holds it, else those with all its words. */
function matching(options, typed) {
  const digits = digitsOf(typed);
  if (digits && /^[\d\s+().-]+$/.test(typed)) {
    const number = (option) => digitsOf(option.textContent.split(" · ")[0]);
    const ending = options.filter((option) => number(option).endsWith(digits));
    return ending.length ? ending : options.filter((option) => number(option).includes(digits));
  }
  const words = folded(typed).split(/\s+/);
  return options.filter((option) => words.every((word) => folded(option.textContent).includes(word)));
}

/** A combobox (WAI-ARIA's pattern, list autocomplete) over a select that stays in the form and keeps the value. */
class Pick {
  constructor(select, { nothing, onChange }) {
    Object.assign(this, { select, nothing, onChange, active: -1, shown: [] });
    const id = `pick-${select.name}`;
    this.box = element("div", "bw-pick");
    this.input = element("input", "bw-input", {
      type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      "aria-label": select.getAttribute("aria-label"), "aria-expanded": "false", "aria-autocomplete": "list",
      "aria-controls": id,
    });
    this.list = element("div", "bw-pick__list", { role: "listbox", id, "aria-label": select.getAttribute("aria-label") });
    this.list.hidden = true;
    const icon = element("span", "material-symbols-outlined bw-icon", { "aria-hidden": "true" });
    icon.textContent = "expand_more";
    this.box.append(this.input, icon, this.list);
    select.hidden = true;
    select.after(this.box);
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("click", () => this.open(""));
    this.input.addEventListener("input", () => {
      this.open(this.input.value.trim());
      if (this.input.value.trim() === "") this.mark(0); // emptied: the first option is "none"
    });
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("blur", () => this.close());
    // A press on the list must not take the focus away before the click chooses.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.choose(this.shown[Number(row.dataset.place)]);
    });
    this.show();
  }

  get isOpen() {
    return !this.list.hidden;
  }

  show() {
    const chosen = this.select.selectedOptions[0];
    this.input.value = !chosen || chosen.value === NONE ? "" : chosen.textContent;
    this.input.placeholder = this.select.options[0].textContent;
  }

  open(typed) {
    const options = [...this.select.options];
    this.shown = typed ? matching(options.filter((option) => option.value !== NONE), typed) : options;
    this.list.replaceChildren(...this.lines());
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const current = typed ? -1 : this.shown.indexOf(this.select.selectedOptions[0]);
    this.mark(current >= 0 ? current : this.next(-1, 1));
  }

  lines() {
    const lines = [];
    let group = null;
    this.shown.forEach((option, place) => {
      const label = option.parentElement.label ?? "";
      if (label && label !== group) {
        const heading = element("div", "bw-pick__group", { role: "presentation" });
        heading.textContent = group = label;
        lines.push(heading);
      }
      lines.push(this.line(option, place));
    });
    if (lines.length === 0) {
      const none = element("div", "bw-pick__none", { role: "presentation" });
      none.textContent = this.nothing;
      lines.push(none);
    }
    return lines;
  }

  line(option, place) {
    const line = element("div", "bw-pick__option", { role: "option", id: `${this.list.id}-${place}`, "aria-selected": "false" });
    const [number, ...rest] = option.textContent.split(" · ");
    line.append(number);
    if (rest.length) {
      const small = document.createElement("small");
      small.textContent = rest.join(" · ");
      line.append(small);
    }
    if (option.disabled) line.setAttribute("aria-disabled", "true");
    line.dataset.place = place;
    return line;
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.show();
  }

  next(from, step) {
    for (let place = from + step; place >= 0 && place < this.shown.length; place += step) {
      if (!this.shown[place].disabled) return place;
    }
    return from;
  }

  mark(place) {
    this.active = place;
    for (const line of this.list.querySelectorAll("[role=option]")) {
      const isActive = Number(line.dataset.place) === place;
      line.setAttribute("aria-selected", String(isActive));
      if (isActive) {
        line.scrollIntoView({ block: "nearest" });
        this.input.setAttribute("aria-activedescendant", line.id);
      }
    }
    if (place < 0) this.input.removeAttribute("aria-activedescendant");
  }

  choose(option) {
    if (!option || option.disabled) return;
    this.select.value = option.value;
    this.close();
    this.onChange();
  }

  onKey(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      event.preventDefault();
      if (this.isOpen) this.mark(this.next(this.active, steps[event.key]));
      else this.open("");
    } else if (event.key === "Enter") {
      event.preventDefault(); // Enter chooses; it never sends the whole board
      if (this.isOpen) this.choose(this.shown[this.active]);
    } else if (event.key === "Escape" && this.isOpen) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }
}

function element(tag, classes, attributes = {}) {
  const made = document.createElement(tag);
  made.className = classes;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

class Row {
  constructor(node, board) {
    this.node = node;
    this.select = node.querySelector("[data-select]");
    this.problem = node.querySelector("[data-problem]");
    this.swap = node.querySelector("[data-swap]");
    this.warning = node.querySelector("[data-warning]");
    // What the server found stays until this row is chosen anew.
    this.told = node.dataset.state === "conflict" ? this.words.textContent : "";
    this.wasSaved = node.dataset.state === "saved";
    const { nothing } = board.form.dataset;
    this.pick = new Pick(this.select, { nothing, onChange: () => board.changed(this) });
    this.swap.addEventListener("click", (event) => {
      event.preventDefault();
      board.swap(this);
    });
  }

  get words() {
    return this.problem.querySelector("[data-words]");
  }

  get value() {
    return this.select.value;
  }

  set value(value) {
    this.select.value = value;
    this.pick.show();
  }

  get was() {
    return this.node.dataset.was;
  }

  get isChanged() {
    return this.value !== this.was;
  }

  say(problem, swap) {
    this.words.textContent = problem;
    this.problem.hidden = problem === "";
    this.swap.textContent = swap;
    this.swap.hidden = swap === "";
    // What speaks against the chosen number, which its select would cut off.
    const note = this.select.selectedOptions[0]?.dataset.note ?? "";
    this.warning.querySelector("[data-words]").textContent = note;
    this.warning.hidden = note === "";
    const rest = this.wasSaved ? "saved" : this.node.dataset.rest;
    this.node.dataset.state = problem ? "conflict" : this.isChanged ? "changed" : rest;
  }
}

class Board {
  constructor(form) {
    this.form = form;
    this.rows = [...form.querySelectorAll("[data-row]")].map((node) => new Row(node, this));
    this.look();
  }

  changed(row) {
    row.told = "";
    this.look();
  }

  /** The row that keeps, or also wants, what this one wants. */
  rival(row) {
    if (!row.isChanged || row.value === NONE) return undefined;
    return this.rows.find((other) => other !== row && other.value === row.value);
  }

  look() {
    const words = this.form.dataset;
    for (const row of this.rows) {
      const rival = this.rival(row);
      if (!rival) {
        // Of what the server told, only who has the number can mend itself here, by the other row moving.
        if (row.swap.hidden === false) row.told = "";
        row.say(row.told, "");
      } else if (rival.isChanged) {
        row.say(filled(words.twice, { bakery: rival.node.dataset.name }), "");
      } else {
        const holder = row.select.selectedOptions[0].dataset.holder ?? rival.node.dataset.name;
        const button = row.was === NONE ? words.take : words.swap;
        row.say(row.told || filled(words.taken, { holder }), filled(button, { bakery: rival.node.dataset.name }));
      }
    }
    this.sum();
  }

  sum() {
    const words = this.form.dataset;
    const changes = this.rows.filter((row) => row.isChanged).length;
    const conflicts = this.rows.filter((row) => row.node.dataset.state === "conflict").length;
    const told = (n, one, many) => (n === 1 ? one : filled(many, { n }));
    this.form.querySelector("[data-changes]").textContent = told(changes, words.changesOne, words.changesMany);
    const shown = this.form.querySelector("[data-conflicts]");
    shown.textContent = told(conflicts, words.conflictsOne, words.conflictsMany);
    shown.classList.toggle("bw-tone--bad", conflicts > 0);
    this.form.querySelector("[data-save]").disabled = changes === 0 || this.rows.some((row) => this.rival(row));
  }

  swap(row) {
    const rival = this.rival(row);
    if (!rival) return;
    rival.value = row.was;
    rival.told = row.told = "";
    this.look();
    row.pick.input.focus();
  }
}

const form = document.querySelector("[data-board]");
if (form?.querySelector("[data-select]")) new Board(form);
