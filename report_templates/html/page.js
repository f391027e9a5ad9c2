"use strict";
// Filters, counts and deep links. Everything this script shows is on the page already; without it nothing is missing but comfort.
(() => {
  const form = document.getElementById("filters");
  const data = document.getElementById("island");
  const island = data ? JSON.parse(data.textContent) : null;
  const outcomes = [...form.querySelectorAll('input[name="outcome"]')];
  const status = document.getElementById("shown");
  // Whoever types finds a word with its accents and vowel signs or without.
  const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/’/g, "'");
  const value = (name) => (form.elements[name] ? fold(form.elements[name].value.trim()) : "");
  const wanted = () => ({
    outcomes: new Set(outcomes.filter((box) => box.checked).map((box) => box.value)),
    severity: value("severity"), domain: value("domain"), requirement: value("requirement"), host: value("host"), words: value("text").split(/\s+/).filter(Boolean),
  });
  const number = new Intl.NumberFormat(`${document.documentElement.lang}-u-nu-latn`);
  const say = (shown, all) => {
    status.textContent = status.dataset.template.replace("{shown}", number.format(shown)).replace("{all}", number.format(all));
  };
  const lower = new Map();
  const textOf = (element) => {
    if (!lower.has(element)) lower.set(element, fold(element.textContent));
    return lower.get(element);
  };

  // Pages that have every result in full: show and hide the results themselves.
  const results = [...document.querySelectorAll("details.result")];
  const filterResults = (want) => {
    let shown = 0;
    for (const result of results) {
      const has = result.dataset;
      const host = result.closest(".host");
      const fits = want.outcomes.has(has.outcome)
        && (!want.severity || has.severity === want.severity)
        && (!want.domain || fold(has.domain) === want.domain)
        && (!want.requirement || fold(has.requirements).split(" ").includes(want.requirement))
        && (!want.host || fold(host.dataset.host).includes(want.host))
        && want.words.every((word) => textOf(result).includes(word));
      result.hidden = !fits;
      shown += fits;
    }
    for (const group of document.querySelectorAll(".group")) group.hidden = !group.querySelector(".result:not([hidden])");
    for (const host of document.querySelectorAll("section.host")) host.hidden = results.length > 0 && !host.querySelector(".result:not([hidden]), .notice");
    say(shown, results.length);
  };

  // Pages of large fleets: count on the compact outcomes, show and hide hosts and checks.
  const members = [...document.querySelectorAll("details.member")];
  const checks = new Map([...document.querySelectorAll("details.check")].map((element) => [element.dataset.check, element]));
  let last = null;
  const checkFits = (check, want) => (!want.severity || check[3] === want.severity)
    && (!want.domain || fold(check[2]) === want.domain)
    && (!want.requirement || check[4].some((name) => fold(name) === want.requirement))
    && want.words.every((word) => fold(`${check[0]} ${check[1]}`).includes(word));
  const filterFleet = (want) => {
    last = want;
    const fits = island.checks.map((check) => checkFits(check, want));
    const perCheck = new Array(island.checks.length).fill(0);
    const wantedLetters = new Set(Object.keys(island.letters).filter((letter) => want.outcomes.has(island.letters[letter])));
    let shown = 0, all = 0;
    for (const member of members) {
      const [order, letters] = island.hosts[Number(member.dataset.host)];
      const visible = !want.host || textOf(member.firstElementChild).includes(want.host);
      let own = 0;
      all += letters.length;
      for (let index = 0; visible && index < letters.length; index += 1) {
        const check = island.orders[order][index];
        if (fits[check] && wantedLetters.has(letters[index])) { own += 1; perCheck[check] += 1; }
      }
      member.hidden = own === 0;
      shown += own;
      if (member.open) fill(member);
    }
    island.checks.forEach((check, index) => { if (checks.has(check[0])) checks.get(check[0]).hidden = perCheck[index] === 0; });
    say(shown, all);
  };
  const fill = (member) => {
    const [order, letters] = island.hosts[Number(member.dataset.host)];
    const rank = Object.keys(island.words), severities = ["critical", "high", "medium", "low"];
    const found = [];
    for (let index = 0; index < letters.length; index += 1) {
      const outcome = island.letters[letters[index]];
      const check = island.checks[island.orders[order][index]];
      if (last.outcomes.has(outcome) && checkFits(check, last)) found.push([outcome, check]);
    }
    found.sort((a, b) => rank.indexOf(a[0]) - rank.indexOf(b[0]) || severities.indexOf(a[1][3]) - severities.indexOf(b[1][3]));
    const list = member.querySelector(".troubles");
    list.replaceChildren(...found.map(([outcome, check]) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      item.className = outcome;
      link.href = "#/" + encodeURIComponent(check[0]);
      link.textContent = check[1];
      item.append(link, " · " + island.words[outcome][1]);
      return item;
    }));
  };
  const filter = () => (island ? filterFleet(wanted()) : filterResults(wanted()));

  let timer = 0;
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 120); });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("only-fails").addEventListener("click", () => {
    for (const box of outcomes) box.checked = box.value === "fail";
    filter();
  });
  document.getElementById("show-all").addEventListener("click", () => { form.reset(); filter(); });
  for (const member of members) member.addEventListener("toggle", () => { if (member.open && last) fill(member); });

  if (outcomes.length) {
    form.hidden = false;
    document.documentElement.classList.add("filtering");
    filter();
  }
})();
