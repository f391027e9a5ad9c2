"use strict";
// What is addressed is opened, and whatever is closed is printed all the same.
(() => {
  // Deep links: whatever is addressed is shown and opened, filtered or not.
  const find = (address) => document.getElementById(address) || (() => {
    try { return document.getElementById(decodeURIComponent(address)); } catch { return null; }
  })();
  const follow = () => {
    const address = location.hash.slice(1);
    const target = address && (find(address) || find(address.slice(0, address.lastIndexOf("/") + 1)));
    if (!target) return;
    for (let element = target; element; element = element.parentElement) {
      element.hidden = false;
      if (element.tagName === "DETAILS") element.open = true;
    }
    target.scrollIntoView();
  };

  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) follow();
  });
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const element of closed) element.open = true;
  });
  addEventListener("afterprint", () => { for (const element of closed) element.open = false; });
  addEventListener("DOMContentLoaded", follow);
})();
