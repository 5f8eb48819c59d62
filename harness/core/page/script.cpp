#include "core/page/parts.hpp"

namespace ktb::core {

/// Adds what a page can do without: sorting by a column, a filter, buttons that copy, and drawers
/// that open where a link leads to them.
std::string_view page_script() {
  return R"js(
(() => {
const d = document, all = (s, e = d) => [...e.querySelectorAll(s)];
const button = (text, act) => {
  const b = d.createElement('button');
  b.type = 'button'; b.append(...text); b.onclick = act;
  return b;
};
const show = () => {
  const e = d.getElementById(location.hash.slice(1));
  if (e && e.matches('details')) { e.open = true; e.scrollIntoView(); e.firstElementChild.focus(); }
};
addEventListener('hashchange', show);
all('a[href^="#c"]').forEach(a => a.addEventListener('click', () => setTimeout(show)));
const key = (row, at) => {
  let cell = row.cells[at];
  const number = /-?\d[\d,]*\.?\d*(e[-+]?\d+)?/.exec((cell.querySelector('.v') || cell).textContent);
  if (cell.tagName == 'TH') return cell.textContent;
  return number ? +number[0].replace(/,/g, '') : NaN;
};
all('table.grid, table.forest').forEach(t => {
  const body = t.querySelector('tbody.rows'), groups = [];
  all('tr', body).forEach(r => r.matches('.published') && groups.length ? groups.at(-1).push(r)
                                                                       : groups.push([r]));
  all('.sorts, .axis', t).forEach(h => {
    let at = h.colSpan - 1;
    if (h.parentNode.rowIndex) at += all('.axis', t).length;
    for (let e = h; e = e.previousElementSibling;) at += e.colSpan;
    h.append(button(h.childNodes, () => {
      const was = h.getAttribute('aria-sort'), first = h.matches('.axis') ? 'ascending' : 'descending';
      const now = !was ? first : was == first ? (first == 'ascending' ? 'descending' : 'ascending') : '';
      all('[aria-sort]', t).forEach(o => o.removeAttribute('aria-sort'));
      const order = groups.map((g, i) => [key(g[0], at), i, g]);
      if (now) {
        h.setAttribute('aria-sort', now);
        const sign = now == 'ascending' ? 1 : -1;
        order.sort(([a], [b]) => a !== a ? 1 : b !== b ? -1 : a < b ? -sign : a > b ? sign : 0);
      }
      order.forEach(o => body.append(...o[2]));
    }));
  });
});
const tools = d.createElement('div'), find = d.createElement('input');
tools.className = 'tools'; find.type = 'search';
find.placeholder = find.ariaLabel = 'Filter rows and cells';
find.oninput = () => {
  const words = find.value.toLowerCase().split(' ');
  all('tbody.rows tr, details.cell').forEach(e => {
    const text = e.textContent.toLowerCase();
    e.hidden = !words.every(w => text.includes(w));
  });
};
tools.append(find);
d.querySelector('header').append(tools);
all('pre.copies').forEach(p => {
  const text = p.textContent;
  p.append(button(['Copy'], e => navigator.clipboard.writeText(text)
    .then(() => e.target.textContent = 'Copied', () => getSelection().selectAllChildren(p))));
});
show();
})();
)js";
}

}  // namespace ktb::core
