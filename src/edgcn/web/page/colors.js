// Colors of what an event is: Okabe and Ito's set, which people tell apart however they see color;
// a mark says the same without any.

export const STATUS = {
  annotated: { color: "#0072b2", mark: "●", title: "coded by hand" },
  suggested: { color: "#56b4e9", mark: "?", title: "suggested" },
  accepted: { color: "#009e73", mark: "✓", title: "accepted" },
  edited: { color: "#e69f00", mark: "✎", title: "suggested, then corrected" },
  rejected: { color: "#999999", mark: "✕", title: "rejected" },
};
export const SIDES = { left: "#0072b2", right: "#d55e00", middle: "#777777" };
export const SET = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#555555"];

let theme = null;

// The page's own colors, light or dark, for canvases.
export function paper() {
  if (!theme) {
    const style = getComputedStyle(document.documentElement);
    const value = (name) => style.getPropertyValue(name).trim();
    theme = { ground: value("--ground"), ink: value("--ink"), quiet: value("--quiet"), line: value("--line"), raised: value("--raised"), strong: value("--strong") };
  }
  return theme;
}

export function onTheme(react) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { theme = null; react(); });
}

export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
