// What unfold's pages lack for the keyboard and the ear: filters that take the focus and give it back, and a name in the
// reader's language for what scrolls. Without this file the filters stand open below the list.

const { scrollLabel } = document.currentScript.dataset;
const FOCUSABLE = "a[href], button:not([disabled]), input:not([type=hidden], [disabled]), select, textarea, [tabindex='0']";

// simplebar begins once the page is read, and this file is run just before that.
for (const scrolled of document.querySelectorAll("[data-simplebar]")) scrolled.dataset.simplebarAriaLabel = scrollLabel;

/** Keeps the focus inside the open filters, as they lie over the page, and brings it back to where it came from. */
class Filters {
  constructor(sheet, opener) {
    Object.assign(this, { sheet, opener, wasOpen: false });
    sheet.setAttribute("role", "dialog");
    sheet.setAttribute("aria-modal", "true");
    sheet.setAttribute("aria-label", opener.lastChild.textContent);
    sheet.addEventListener("keydown", (event) => this.onKey(event));
    new MutationObserver(() => this.look()).observe(opener, { attributeFilter: ["aria-expanded"] });
  }

  get reachable() {
    return [...this.sheet.querySelectorAll(FOCUSABLE)].filter((node) => node.getClientRects().length > 0);
  }

  look() {
    const isOpen = this.opener.getAttribute("aria-expanded") === "true";
    if (isOpen === this.wasOpen) return;
    this.wasOpen = isOpen;
    // The sheet is shown after the button says so.
    requestAnimationFrame(() => (isOpen ? this.reachable.find((node) => !node.matches("[role=region]")) : this.opener)?.focus());
  }

  onKey(event) {
    if (event.key !== "Tab") return;
    const all = this.reachable;
    const [last, first] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
    if (document.activeElement !== last) return;
    event.preventDefault();
    first.focus();
  }
}

const sheet = document.getElementById("changelist-filter");
const opener = document.querySelector("[data-opens-filters]");
if (sheet && opener) new Filters(sheet, opener);
