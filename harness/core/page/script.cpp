#include "core/page/parts.hpp"

namespace ktb::core {

/// Adds what a page can do without: sorting by a column (down, up, as it was), a filter, buttons
/// that copy, and drawers that open where a link leads to them.
std::string_view page_script() {
  return R"js((() => {
const d = document, all = (s, e = d) => [...e.querySelectorAll(s)];
const button = (nodes, act) => {
 const b = d.createElement('button');
 b.append(...nodes); b.onclick = act;
 return b;
};
const show = () => {
 const e = d.getElementById(location.hash.slice(1));
 if (e?.matches('.cell')) { e.open = true; e.firstElementChild.focus(); e.scrollIntoView(); }
};
onhashchange = show;
onclick = e => e.target.hash && setTimeout(show);
const key = (row, at) => {
 const c = row.cells[at], text = (c.querySelector('.v') || c).textContent;
 return c.tagName == 'TH' ? text.toLowerCase() : parseFloat(text.replace(/,/g, ''));
};
all('.grid, table.forest').forEach(t => {
 const body = all('.rows', t)[0], groups = [];
 all('tr', body).forEach(r => r.matches('.published') && groups[0] ? groups.at(-1).push(r)
 : groups.push([r]));
 all('.sorts, th.axis', t).forEach(h => {
  let at = h.colSpan - 1, turn = 0;
  if (h.parentNode.rowIndex) at += all('th.axis', t).length;
  for (let e = h; e = e.previousElementSibling;) at += e.colSpan;
  h.append(button(h.childNodes, () => {
   turn = h.ariaSort ? (turn + 1) % 3 : 1;
   all('[aria-sort]', t).forEach(o => o.ariaSort = null);
   const sign = (turn == 1) == h.matches('.axis') ? 1 : -1, rows = groups.map(g => [key(g[0], at), g]);
   if (turn) {
    h.ariaSort = sign > 0 ? 'ascending' : 'descending';
    rows.sort(([a], [b]) => (a != a) - (b != b) || sign * ((a > b) - (a < b)));
   }
   rows.forEach(r => body.append(...r[1]));
  }));
 });
});
const find = d.createElement('input');
find.type = 'search';
find.placeholder = find.ariaLabel = 'Filter rows and cells';
find.oninput = () => all('.rows tr, .cell').forEach(e => e.hidden =
 find.value.toLowerCase().split(' ').some(w => !e.textContent.toLowerCase().includes(w)));
all('header')[0].append(find);
all('.copies').forEach(p => {
 const text = p.textContent;
 p.append(button(['Copy'], e => navigator.clipboard.writeText(text)
 .then(() => e.target.textContent = 'Copied', () => getSelection().selectAllChildren(p))));
});
show();
})();)js";
}

}  // namespace ktb::core
