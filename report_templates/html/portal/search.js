"use strict";
// Finds hosts, checks and results in the index while one types. The address keeps what was asked, so that it can be passed on.
(() => {
  const index = searchIndex;
  const form = document.getElementById("filters");
  const names = ["text", "severity", "domain", "requirement", "framework", "control", "site"];
  const boxes = [...form.querySelectorAll('input[name="outcome"]')];
  const status = document.getElementById("shown");
  const number = new Intl.NumberFormat(`${document.documentElement.lang}-u-nu-latn`);
  const STEP = 60;
  const rank = Object.keys(index.outcomes), severities = Object.keys(index.severities);
  const badge = (kind, key, [sign, word]) => {
    const badge = document.createElement("span"), mark = document.createElement("span");
    badge.className = `${kind} ${key}`;
    mark.className = "sign";
    mark.setAttribute("aria-hidden", "true");
    mark.textContent = sign;
    badge.append(mark, word);
    return badge;
  };
  const apart = (text) => {
    const name = document.createElement("bdi");
    name.textContent = text;
    return name;
  };
  const named = (href, text) => {
    const link = document.createElement("a");
    link.href = href;
    link.append(apart(text || "–"));
    return link;
  };
  // Whoever types finds a word with its accents and vowel signs or without.
  const lower = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/’/g, "'");
  const checkTexts = index.checks.map((check) => lower(`${check[0]} ${check[1]} ${check[4].join(" ")}`));
  const hostTexts = index.hosts.map((host) => lower(`${host[0]} ${index.sites[host[2]]}`));
  const hostPage = (host) => `hosts/${host[1]}/index.html`;
  const resultPage = (host, [, file, anchor]) => `hosts/${host[1]}/${index.files[file]}#${anchor}`;

  const ask = () => {
    const want = Object.fromEntries(names.map((name) => [name, lower(form.elements[name].value.trim())]));
    want.outcomes = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    want.open = form.elements.open.checked;
    return want;
  };
  const hasControl = (check, want) => {
    const lists = want.framework ? [check[5][want.framework] || []] : Object.values(check[5]);
    return lists.some((list) => (want.control ? list.some((control) => lower(control).startsWith(want.control)) : list.length));
  };
  const checkFits = (check, want) => (!want.severity || check[3] === want.severity)
    && (!want.domain || lower(check[2]) === want.domain)
    && (!want.requirement || check[4].some((name) => lower(name) === want.requirement))
    && ((!want.framework && !want.control) || hasControl(check, want));

  let found = { hosts: [], checks: [], results: [] };
  const search = () => {
    const want = ask();
    const words = want.text.split(/\s+/).filter(Boolean);
    const fits = index.checks.map((check) => checkFits(check, want));
    const missing = (text) => words.filter((word) => !text.includes(word));
    const checkMissing = checkTexts.map(missing);
    const letters = new Map();
    for (const [letter, outcome] of Object.entries(index.letters)) {
      if (!want.outcomes.has(outcome)) continue;
      letters.set(letter, outcome);
      if (!want.open) letters.set(letter.toUpperCase(), outcome);
    }
    const hosts = [], perCheck = new Map(), results = [];
    let shown = 0, all = 0;
    index.hosts.forEach((host, at) => {
      all += host[4].length;
      if (want.site && lower(index.sites[host[2]]) !== want.site) return;
      const left = missing(hostTexts[at]);
      const order = index.orders[host[3]];
      let own = 0;
      for (let place = 0; place < host[4].length; place += 1) {
        const outcome = letters.get(host[4][place]);
        const check = order[place][0];
        if (!outcome || !fits[check] || (left.length && checkMissing[check].some((word) => left.includes(word)))) continue;
        own += 1;
        perCheck.set(check, (perCheck.get(check) || 0) + 1);
        if (results.length < 3000) results.push([host, order[place], outcome, host[4][place]]);
      }
      if (own) hosts.push([host, own]);
      shown += own;
    });
    results.sort((a, b) => rank.indexOf(a[2]) - rank.indexOf(b[2])
      || severities.indexOf(index.checks[a[1][0]][3]) - severities.indexOf(index.checks[b[1][0]][3]));
    found = { hosts: hosts.sort((a, b) => b[1] - a[1]), checks: [...perCheck].sort((a, b) => b[1] - a[1]), results };
    status.textContent = status.dataset.template.replace("{shown}", number.format(shown)).replace("{all}", number.format(all));
    for (const list of Object.keys(found)) {
      document.querySelector(`#found-${list} .count`).textContent = number.format(list === "results" ? shown : found[list].length);
      document.getElementById(`list-${list}`).replaceChildren();
      show(list);
    }
    keep(want);
  };
  const lines = {
    hosts: ([host, count]) => [named(hostPage(host), host[0]), " ", apart(index.sites[host[2]]), ` · ${number.format(count)}`],
    checks: ([check, count]) => [
      badge("severity", index.checks[check][3], index.severities[index.checks[check][3]]), " ",
      named(index.checks[check][6], index.checks[check][1]), ` · ${number.format(count)}`,
    ],
    results: ([host, place, outcome, letter]) => [
      badge("badge", outcome, index.outcomes[outcome]), " ",
      named(outcome === "unreachable" ? hostPage(host) : resultPage(host, place), index.checks[place[0]][1]), " · ", named(hostPage(host), host[0]),
      ...(letter === letter.toUpperCase() ? [` (${index.decided})`] : []),
    ],
  };
  const show = (list) => {
    const target = document.getElementById(`list-${list}`);
    const start = target.children.length;
    target.append(...found[list].slice(start, start + STEP).map((each) => {
      const item = document.createElement("li");
      item.append(...lines[list](each));
      return item;
    }));
    document.querySelector(`[data-list="${list}"]`).hidden = target.children.length >= found[list].length;
  };

  const keep = (want) => {
    const asked = new URLSearchParams(names.filter((name) => want[name]).map((name) => [name, form.elements[name].value.trim()]));
    if (boxes.some((box) => box.checked !== box.defaultChecked)) asked.set("outcome", [...want.outcomes].join(" "));
    if (want.open) asked.set("open", "1");
    const address = `#${asked}`;
    if (address !== location.hash && (asked.size || location.hash)) history.replaceState(null, "", address);
  };
  const recall = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const name of names) form.elements[name].value = asked.get(name) || "";
    const wanted = asked.has("outcome") ? new Set(asked.get("outcome").split(" ")) : null;
    for (const box of boxes) box.checked = wanted ? wanted.has(box.value) : box.defaultChecked;
    form.elements.open.checked = asked.has("open");
  };

  let timer = 0;
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 100); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { for (const box of boxes) box.checked = true; search(); }));
  for (const button of document.querySelectorAll("[data-list]")) button.addEventListener("click", () => {
    const list = document.getElementById(`list-${button.dataset.list}`), start = list.children.length;
    show(button.dataset.list);
    list.children[start].querySelector("a").focus(); // the button may be gone, and the keyboard goes on with what is new
  });
  addEventListener("hashchange", () => { recall(); search(); });
  recall();
  form.hidden = false;
  document.getElementById("found").hidden = false;
  search();
})();
