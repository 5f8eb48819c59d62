#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/page/page.hpp"
#include "core/page/scale.hpp"
#include "core/page/svg.hpp"

/// The parts of a page, each in a file of its own. Those that have nothing to show are empty.
namespace ktb::core {

// words.cpp

/// Names and labels as a page shows them: `->` is an arrow.
std::string arrows(std::string_view text);
std::string joined(const std::vector<std::string>& parts, std::string_view between);
std::string row_name(const Row& row);
/// `<figure>` with a picture below its caption; a broad one keeps its size and takes a whole line.
std::string figure_of(const std::string& picture, std::string_view caption, bool broad = false);

// series.cpp: what charts of several rows share

/// Rows of methods, by their place in the table.
std::vector<std::size_t> method_rows(const Table& table);
/// The columns that charts have a panel for: a pair, a data set each, under the first metric.
std::vector<std::size_t> panel_columns(const Table& table);
/// The class of a row's colour, the same in each chart: `s0` is the baseline.
std::string look_of(const Table& table, std::size_t row);
/// One of the colours of series, which begin anew where they are used up.
std::string colour(std::size_t number);
std::size_t shape_of(const Table& table, std::size_t row);
/// The records behind an entry that have a result, by seed.
std::vector<const Record*> records_of(const PageInput& input, const Entry& entry);

struct SideLabel {
  double x = 0, y = 0;  ///< of what it names
  std::string words, look;
};
/// Names at the right of a chart, none over another, each with a thread to what it names.
void add_side_labels(Svg& svg, std::vector<SideLabel> labels, double x, double top, double bottom);
/// Both axes of a chart with their names.
void add_frame(Svg& svg, const Scale& x, const Scale& y, std::string_view x_name,
               std::string_view y_name);

// strip.cpp: the small pictures in a table's entries

/// Every seed as a dot, the spread as a bar.
std::string seeds_strip(const Entry& entry, const Scale& scale);
/// A difference as a dot, its interval as a bar, and the line of no difference.
std::string interval_strip(const Entry& entry, const Scale& scale, double sign);
std::string strip_axis(const Scale& scale);
/// What the strips of a column have in common.
Scale seeds_scale(const Table& table, std::size_t column);
Scale interval_scale(const Table& table, std::size_t column);

// shares.cpp

/// What a bar is cut into: names and how much each has of it.
using Shares = std::map<std::string, double>;
struct ShareBar {
  std::string name;
  Shares shares;
};
/// A bar below the other, in percent, with a key of their parts.
std::string share_bars(std::string_view title, std::string_view description,
                       std::string_view caption, const std::vector<ShareBar>& bars);

// one chart each
std::string curve_charts(const PageInput& input, const Table& table);
std::string cost_charts(const PageInput& input, const Table& table);
std::string rank_diagram(const Table& table);
std::string transfer_map(const Table& table);
std::string member_shares(const PageInput& input, const Table& table);
std::string route_charts(const PageInput& input, const Table& table);
/// Of the trials of a cell: what its classes were taken for.
std::string confusion_chart(const PageInput& input, const Entry& entry);

// attention.cpp

/// How many maps a cell's first seed has that kept any.
std::size_t maps_in(const PageInput& input, const Entry& entry);
/// These, as fine as their number on the whole page allows.
std::string attention_maps(const PageInput& input, const Entry& entry, std::size_t on_page);

// drawers.cpp

/// The cells of all tables, each once, with all that is known of their trials.
class Drawers {
 public:
  Drawers(const PageInput& input, const Json& shared);
  /// Where a page's links find the cell: `c12`; empty: it has none.
  std::string anchor(const Entry& entry) const;
  std::string html() const;

 private:
  struct Drawer {
    std::string title, value, metric;
    const Entry* entry;
  };
  std::string html_of(const Drawer& drawer) const;
  std::string seeds_of(const Drawer& drawer) const;
  std::string facts_of(const Drawer& drawer) const;

  const PageInput& input_;
  const Json& shared_;  ///< provenance
  std::vector<Drawer> drawers_;
  std::size_t maps_ = 0;  ///< of attention, in all of them
  std::map<std::map<std::uint64_t, std::string>, std::string> anchors_;
};

// grid.cpp

/// A table with its legend and footnotes.
std::string table_grid(const Table& table, const Drawers& drawers);
/// Differences to the baseline, drawn beside their numbers.
std::string forest_table(const Table& differences);

// page.cpp

/// A document of a header and `main`, with style and script.
std::string whole_page(const Plan& plan, const std::string& body);
/// Title, question, links to tables; `counts` tell how trials stand.
std::string page_header(const Plan& plan, const std::vector<std::string>& counts,
                        const std::vector<Table>& tables);
/// How many trials ended how.
std::string count_of(const Plan& plan, const Outcomes& outcomes);
/// A table in other formats, to be copied.
std::string table_copies(const Table& table);

// provenance.cpp

/// Fields of provenance that all records have with one value.
Json shared_provenance(const Outcomes& outcomes);
std::string provenance_words(const Json& value);
std::string provenance_section(const Json& shared);
/// What of a record is not shared.
std::string own_provenance(const Json& shared, const Record& record);

// style.cpp, script.cpp
std::string_view page_style();
std::string_view page_script();

}  // namespace ktb::core
