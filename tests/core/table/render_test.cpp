#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "core/base/error.hpp"
#include "core/base/text_file.hpp"
#include "core/base/utf8.hpp"
#include "core/store/store.hpp"
#include "core/table/build_table.hpp"
#include "core/table/csv_fields.hpp"
#include "core/table/render/csv.hpp"
#include "core/table/render/latex.hpp"
#include "core/table/render/markdown.hpp"
#include "core/table/render/text.hpp"
#include "core/table/report.hpp"
#include "core/table/report_fixture.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using testing::Bench;
using ::testing::HasSubstr;
using testing::hub_bench;
using testing::hub_spec;

/// Compares with tests/golden/tables/NAME; with KTB_UPDATE_GOLDEN set it writes the file instead.
void expect_golden(const std::string& name, const std::string& found) {
  const fs::path path = fs::path(KTB_SOURCE_DIR) / "tests/golden/tables" / name;
  if (std::getenv("KTB_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << found;
    GTEST_SKIP() << "wrote " << path;
  }
  std::ifstream stream(path, std::ios::binary);
  ASSERT_TRUE(stream) << path << " is missing";
  EXPECT_EQ(found, std::string(std::istreambuf_iterator<char>(stream), {}))
      << "differs from " << path;
}

std::vector<Table> hub_tables() {
  const Bench bench = hub_bench();
  return {build_table(bench.plan, hub_spec(), bench.outcomes)};
}

/// Names and labels that every format must escape, two metrics, two row axes, every extra column.
std::vector<Table> awkward_tables() {
  Bench bench;
  bench.plan.title = "100 % of \\cost_ & {more} | less";
  bench.plan.labels = {{"r56", "ResNet-56 (größer)"}, {"kd", "KD & co_1"}};
  for (const char* method : {"scratch", "kd"}) {
    for (const char* pair : {"r56 -> r20", "r32x4 -> shufflenetv2"}) {
      Cell& cell = bench.cell({{"dataset", "images_1"}, {"method", method}, {"pair", pair}},
                              {.70, .72, .74});
      for (std::size_t seed = 0; seed < 3; ++seed) {
        bench.record(cell, seed).metrics["loss"] = 1.5 + .1 * static_cast<double>(seed);
      }
    }
  }
  bench.hole({{"dataset", "images_1"}, {"method", "odd"}, {"pair", "r56 -> r20"}},
             "50 % & #1, \"so\"");
  TableSpec spec;
  spec.name = "awkward_2";
  spec.rows = {"dataset", "method"};
  spec.metrics = {"top1", "loss"};
  spec.extra = {"chance", "cost", "n"};
  spec.baseline = "scratch";
  spec.mean = true;
  spec.spread = "range";
  spec.fit = "page";
  return {build_table(bench.plan, spec, bench.outcomes)};
}

/// Four methods on five data sets, ten seeds: ranks, effect sizes, marks of every kind.
std::vector<Table> ranked_tables() {
  Bench bench;
  bench.plan.title = "Made-up numbers on five data sets";
  const std::vector<std::string> methods{"scratch", "kd", "at", "share"};
  const std::vector<std::string> datasets{"one", "two", "three", "four", "five"};
  for (std::size_t d = 0; d < datasets.size(); ++d) {
    for (std::size_t m = 0; m < methods.size(); ++m) {
      std::vector<double> top1;
      for (std::size_t seed = 0; seed < 10; ++seed) {
        const double noise = static_cast<double>((seed * 7 + d * 3 + m * 5) % 11) / 1000;
        const double gain = m == 2 && d < 3 ? .004 : m == 1 ? .02 : m == 2 ? .018 : 0;
        top1.push_back(.6 + .05 * static_cast<double>(d) + gain + noise);
      }
      bench.cell({{"dataset", datasets[d]}, {"method", methods[m]}, {"pair", "a -> b"}}, top1);
    }
  }
  TableSpec spec;
  spec.name = "ranks";
  spec.cols = {"dataset"};
  spec.metrics = {"top1"};
  spec.baseline = "scratch";
  spec.ranks = true;
  spec.effect = "dz";
  return {build_table(bench.plan, spec, bench.outcomes)};
}

/// The distillation literature's protocol.
TrialSpec distillation_spec() {
  TrialSpec trial;
  trial.recipe.epochs = 240;
  trial.recipe.batch = 64;
  trial.recipe.optimizer.lr = 0.05;
  trial.recipe.optimizer.momentum = 0.9;
  trial.recipe.optimizer.weight_decay = 5e-4;
  trial.recipe.schedule.name = "multistep";
  trial.recipe.schedule.at = {150, 180, 210};
  trial.task.plugin = "cifar100";
  trial.task.augment = {Augmentation::kCrop4, Augmentation::kFlip};
  return trial;
}

/// The numbers of results/published beside ours, ours made up: every verdict and its reason.
std::vector<Table> published_tables() {
  Bench bench;
  bench.plan.suite = "cifar100";
  bench.plan.title = "Made-up numbers beside published ones";
  bench.plan.file = KTB_SOURCE_DIR "/suites/distillation/cifar100_same.toml";
  const std::map<std::string, Json> options = {
      {"kd", {{"temperature", 4.0}, {"ce_weight", 0.1}, {"kd_weight", 0.9}}},
      {"at", {{"at_weight", 500.0}, {"p", 2}}},
      {"pkt", {{"pkt_weight", 30000.0}}},
      {"dkd", {{"temperature", 4.0}, {"alpha", 1.0}, {"beta", 2.0}, {"warmup", 20.0}}},
      {"dist", {{"temperature", 4.0}, {"dist_weight", 2.0}, {"beta", 1.0}, {"gamma", 1.0}}}};
  const std::map<std::string, std::vector<double>> top1 = {
      {"scratch", {.6880, .6910, .6900}}, {"kd", {.7120, .7130, .7125}},
      {"at", {.7050, .7060, .7055}},      {"pkt", {.7000, .7010, .7005}},
      {"dkd", {.7190, .7200, .7180}},     {"dist", {.7150, .7160, .7170}}};
  const std::string teacher = bench
                                  .cell({{"dataset", "images"},
                                         {"grid", ""},
                                         {"method", "scratch"},
                                         {"pair", ""},
                                         {"source", ""},
                                         {"target", "resnet56"}},
                                        {.7210})
                                  .samples[0]
                                  .trial;
  for (const char* method : {"scratch", "kd", "at", "pkt", "dkd", "dist"}) {
    Cell& cell = bench.cell({{"dataset", "images"},
                             {"grid", "same"},
                             {"method", method},
                             {"pair", "resnet56 -> resnet20"},
                             {"source", "resnet56"},
                             {"target", "resnet20"}},
                            top1.at(method));
    for (Trial& trial : bench.plan.trials) {
      for (const Sample& sample : cell.samples) {
        if (trial.id == sample.trial && std::string(method) != "scratch") trial.needs = {teacher};
      }
    }
    for (const Sample& sample : cell.samples) {
      TrialSpec& spec = bench.outcomes.specs[sample.trial] = distillation_spec();
      if (options.count(method) > 0) spec.method.options = options.at(method);
      if (std::string(method) == "pkt") spec.recipe.epochs = 100;
    }
  }
  bench.outcomes.specs[teacher] = distillation_spec();
  TableSpec spec;
  spec.name = "same";
  spec.where["grid"] = {"same"};
  spec.metrics = {"top1"};
  spec.digits = 2;
  spec.baseline = "scratch";
  spec.marks = "none";
  spec.extra = {"source", "published"};
  spec.published = {"repdistiller", "mdistiller", "dist"};
  Published all;
  for (const std::string& name : spec.published) {
    const Published one =
        read_published(fs::path(KTB_SOURCE_DIR) / "results/published" / (name + ".toml"));
    all.values.insert(all.values.end(), one.values.begin(), one.values.end());
  }
  return {build_table(bench.plan, spec, bench.outcomes, all)};
}

TEST(Render, TextMatchesGolden) { expect_golden("hub.txt", render(hub_tables(), Format::kText)); }
TEST(Render, AsciiMatchesGolden) {
  expect_golden("hub.ascii.txt", render(hub_tables(), Format::kAscii));
}
TEST(Render, MarkdownMatchesGolden) {
  expect_golden("hub.md", render(hub_tables(), Format::kMarkdown));
}
TEST(Render, LatexMatchesGolden) { expect_golden("hub.tex", render(hub_tables(), Format::kLatex)); }
TEST(Render, CsvMatchesGolden) { expect_golden("hub.csv", render(hub_tables(), Format::kCsv)); }
TEST(Render, AwkwardTextMatchesGolden) {
  expect_golden("awkward.txt", render(awkward_tables(), Format::kText));
}
TEST(Render, AwkwardMarkdownMatchesGolden) {
  expect_golden("awkward.md", render(awkward_tables(), Format::kMarkdown));
}
TEST(Render, AwkwardLatexMatchesGolden) {
  expect_golden("awkward.tex", render(awkward_tables(), Format::kLatex));
}
TEST(Render, AwkwardCsvMatchesGolden) {
  expect_golden("awkward.csv", render(awkward_tables(), Format::kCsv));
}

TEST(Render, RanksTextMatchesGolden) {
  expect_golden("ranks.txt", render(ranked_tables(), Format::kText));
}
TEST(Render, RanksLatexMatchesGolden) {
  expect_golden("ranks.tex", render(ranked_tables(), Format::kLatex));
}
TEST(Render, RanksCsvMatchesGolden) {
  expect_golden("ranks.csv", render(ranked_tables(), Format::kCsv));
}

TEST(Render, PublishedTextMatchesGolden) {
  expect_golden("published.txt", render(published_tables(), Format::kText));
}
TEST(Render, PublishedCsvMatchesGolden) {
  expect_golden("published.csv", render(published_tables(), Format::kCsv));
}

TEST(Published, EveryFileOfTheTreeReadsAndHoldsFractions) {
  std::map<std::string, std::size_t> counts;
  for (const auto& file : fs::directory_iterator(fs::path(KTB_SOURCE_DIR) / "results/published")) {
    const Published one = read_published(file.path());
    counts[file.path().stem().string()] = one.values.size();
    for (const PublishedValue& value : one.values) {
      EXPECT_GT(value.value, 0.5) << file.path();
      EXPECT_LT(value.value, 0.9) << file.path();
      EXPECT_THAT(value.source, HasSubstr("/")) << file.path();
      EXPECT_EQ(value.protocol.count("epochs"), 1U) << file.path();
    }
  }
  EXPECT_EQ(counts, (std::map<std::string, std::size_t>{{"repdistiller", 177},
                                                        {"mdistiller", 22},
                                                        {"dist", 6},
                                                        {"simkd", 34},
                                                        {"tfkd", 8},
                                                        {"dml", 3}}));
}

TEST(Render, AsciiIsAscii) {
  for (const Table& table : awkward_tables()) {
    for (const char c : render_text(table, {.ascii = true})) ASSERT_GE(c, 0);
  }
}

TEST(Render, NumbersEndAtOneColumn) {
  std::istringstream lines(render_text(hub_tables().front()));
  std::size_t chance = 0, scratch = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("chance", 0) == 0) chance = display_width(line.substr(0, line.find("12.5") + 4));
    if (line.rfind("scratch", 0) == 0)
      scratch = display_width(line.substr(0, line.find("±2.0") + 5));
  }
  EXPECT_GT(chance, 0U);
  EXPECT_EQ(chance, scratch);
}

TEST(Render, MacrosHaveLettersOnlyAndAreUnique) {
  std::istringstream lines(render(awkward_tables(), Format::kLatex));
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("\\ktbnumber{\\", 0) != 0) continue;
    const std::string name = line.substr(12, line.find('}') - 12);
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) { return std::isalpha(c) != 0; }))
        << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_THAT(
      names, ::testing::Contains(
                 "ktbHubQuickAwkwardTwoImagesOneScratchRThreeTwoXFourShufflenetvTwoTopOnePercent"));
}

/// Macro -> value of a LaTeX text.
std::map<std::string, std::string> macros_of(const std::string& latex) {
  std::map<std::string, std::string> macros;
  std::istringstream lines(latex);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("\\ktbnumber{\\", 0) != 0) continue;
    const auto end = line.find('}');
    macros[line.substr(12, end - 12)] = line.substr(end + 2, line.size() - end - 3);
  }
  return macros;
}

/// One table of methods with these labels, in a suite with further tables.
Table labelled_table(const std::string& name, const std::vector<std::string>& labels) {
  Bench bench;
  double value = .5;
  for (const std::string& label : labels) {
    const std::string method = "m" + std::to_string(bench.plan.cells.size());
    bench.cell({{"method", method}, {"pair", "a -> b"}}, {value += .01});
    bench.plan.labels[method] = label;
  }
  for (const char* other : {"main", "main_2", "main2"})
    bench.plan.tables.emplace_back().name = other;
  TableSpec spec;
  spec.name = name;
  spec.metrics = {"top1"};
  return build_table(bench.plan, spec, bench.outcomes);
}

TEST(Render, MacrosOfTwoTablesDifferAlsoWhereEachIsWrittenAlone) {
  const auto first = macros_of(latex_numbers({labelled_table("main_2", {"KD"})}));
  const auto second = macros_of(latex_numbers({labelled_table("main2", {"KD"})}));
  const auto both =
      macros_of(latex_numbers({labelled_table("main_2", {"KD"}), labelled_table("main2", {"KD"})}));
  ASSERT_EQ(both.size(), 4U);
  for (const auto& [name, value] : first) EXPECT_FALSE(second.contains(name)) << name;
  for (const auto* alone : {&first, &second})
    for (const auto& [name, value] : *alone) EXPECT_TRUE(both.contains(name)) << name;
  EXPECT_TRUE(
      macros_of(latex_numbers({labelled_table("main", {"KD"})})).contains("ktbHubQuickMainKDAB"))
      << "a name that no other table could have stays as it is";
}

TEST(Render, ARowThatIsAddedTakesNoOthersMacro) {
  const auto before = macros_of(latex_numbers({labelled_table("main", {"KD-", "KD+"})}));
  const auto after = macros_of(latex_numbers({labelled_table("main", {"KD (τ)", "KD-", "KD+"})}));
  EXPECT_EQ(before.size(), 3U);
  EXPECT_EQ(after.size(), 4U);
  for (const auto& [name, value] : before)
    EXPECT_THAT(name, ::testing::AnyOf(::testing::EndsWith("Provenance"),
                                       ::testing::MatchesRegex("ktbHubQuickMainKDAB[A-P][a-p]+")));
}

TEST(Render, LatexNamesTheEngineThatItsCharactersNeed) {
  const std::string plain = latex_table(labelled_table("main", {"KD, τ=4 (α≥½)"}));
  EXPECT_THAT(plain, HasSubstr("KD, $\\tau$=4 ($\\alpha$$\\geq$½)"));
  EXPECT_THAT(plain, Not(HasSubstr("LuaLaTeX")));
  EXPECT_THAT(latex_table(labelled_table("main", {"模型 ✓"})),
              ::testing::StartsWith("% needs LuaLaTeX or XeLaTeX and a font that has these, as "
                                    "pdfLaTeX stops at them: 模型✓\n"));
}

TEST(Render, NumbersOfCsvAreNumbers) {
  Bench bench;
  Cell& one = bench.cell({{"method", "kd"}, {"pair", "a -> b"}}, {.7, .8});
  bench.record(one, 1).parameters["deployed"] = 278326;
  TableSpec spec;
  spec.name = "main";
  spec.metrics = {"top1"};
  spec.extra = {"cost", "n"};
  const auto rows =
      parsed_csv(render({build_table(bench.plan, spec, bench.outcomes)}, Format::kCsv));
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(rows[0].begin(), rows[0].end(), name) -
                                    rows[0].begin());
  };
  std::map<std::string, std::vector<std::string>> found;
  for (const auto& row : rows)
    found[row[column("metric")]] = {row[column("value")], row[column("mean")],
                                    row[column("spread_low")], row[column("spread_high")]};
  EXPECT_THAT(found["deployed"], ::testing::ElementsAre("278325", "278325", "278324", "278326"));
  EXPECT_THAT(found["extra"], ::testing::ElementsAre("1024", "1024", "1024", "1024"));
  EXPECT_THAT(found["train_seconds"], ::testing::ElementsAre("10.5", "10.5", "10.5", "10.5"));
}

/// Runs pdflatex twice, as references want; what it wrote to the log.
std::string typeset(const fs::path& folder, const std::string& body) {
  std::ofstream(folder / "paper.tex")
      << "\\documentclass{article}\n\\usepackage{booktabs,graphicx}\n\\begin{document}\n"
      << body << "\\end{document}\n";
  const std::string once = "pdflatex -interaction=nonstopmode -halt-on-error paper.tex > out.txt";
  const std::string command = "cd '" + folder.string() + "' && " + once + " && " + once;
  EXPECT_EQ(std::system(command.c_str()), 0) << read_text(folder / "out.txt");
  return read_text(folder / "paper.log");
}

bool has_tex() { return std::system("command -v pdflatex > /dev/null") == 0; }

TEST(Render, LatexCompiles) {
  if (!has_tex()) GTEST_SKIP() << "no pdflatex here";
  const TemporaryFolder own;
  std::string body = "Prose: \\ktbHubQuickMainScratchFivePercent.\n";
  for (const auto& tables : {hub_tables(), awkward_tables(), ranked_tables()})
    body.insert(0, render(tables, Format::kLatex));
  const std::string log = typeset(own.path(), body);
  EXPECT_THAT(log, Not(HasSubstr("Overfull")));
  EXPECT_THAT(log, Not(HasSubstr("undefined")));
}

TEST(Render, LatexOfSeveralSuitesStandsInOnePaperAndMayBeReadTwice) {
  const auto profile = [](const std::string& name) {
    Bench bench = hub_bench();
    bench.plan.profile = name;
    return render({build_table(bench.plan, hub_spec(), bench.outcomes)}, Format::kLatex);
  };
  EXPECT_THAT(profile("paper"), HasSubstr("\\label{tab:hub-paper-main}"));
  EXPECT_THAT(profile("paper"),
              HasSubstr("\\ktbnumber{\\ktbHubPaperMainScratchFivePercent}{41.0}"));
  if (!has_tex()) GTEST_SKIP() << "no pdflatex here";
  const TemporaryFolder own;
  const std::string prose =
      "\\ktbHubPaperMainScratchFivePercent\\ktbHubQuickMainScratchFivePercent";
  typeset(own.path(), profile("paper") + profile("quick") + profile("quick") + prose);
}

TEST(Render, LatexStopsWhereANumberHasTwoValues) {
  if (!has_tex()) GTEST_SKIP() << "no pdflatex here";
  const TemporaryFolder own;
  const std::string latex = render(hub_tables(), Format::kLatex);
  std::ofstream(own.path() / "paper.tex")
      << "\\documentclass{article}\n\\usepackage{booktabs,graphicx}\n\\begin{document}\n"
      << latex << "\\ktbnumber{\\ktbHubQuickMainScratchFivePercent}{41.1}\n\\end{document}\n";
  const std::string command = "cd '" + own.path().string() +
                              "' && pdflatex -interaction=nonstopmode -halt-on-error paper.tex "
                              "> out.txt";
  EXPECT_NE(std::system(command.c_str()), 0);
  EXPECT_THAT(read_text(own.path() / "out.txt"), HasSubstr("has two values"));
}

TEST(Utf8, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(display_width("75.8±0.5"), 8U);
  EXPECT_EQ(display_width("e\xCC\x81"), 1U) << "a combining accent takes no column";
  EXPECT_EQ(display_width("画像"), 4U);
  EXPECT_EQ(display_width("\xFF"), 1U) << "a stray byte is one replacement character";
}

TEST(Utf8, WrapBreaksBetweenPiecesAndAtBlanks) {
  EXPECT_EQ(wrap({"a one", "b two", "c three"}, "  ", 12), "a one  b two\nc three\n");
  EXPECT_EQ(wrap({"one two three"}, " ", 8), "one two\nthree\n");
  EXPECT_EQ(wrap({}, " ", 8), "");
}

TEST(Report, ComesFromTheStoreAlone) {
  const TemporaryFolder own;
  Bench bench = hub_bench();
  bench.plan.tables = {hub_spec()};
  bench.outcomes.running.clear();
  const Store store(own.path());
  for (const auto& [id, record] : bench.outcomes.records) store.save(record);
  const Table wanted = build_table(bench.plan, hub_spec(), bench.outcomes);
  EXPECT_EQ(report(bench.plan, store, "main", Format::kText), render({wanted}, Format::kText));
  EXPECT_EQ(report(bench.plan, store, "", Format::kCsv), render_csv({wanted}));
  try {
    report(bench.plan, store, "mian", Format::kText);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no table `mian`; it has main"));
  }
}

TEST(Report, ReadsStoredSamplesWhereATestCountsThem) {
  const TemporaryFolder own;
  Bench bench;
  bench.judged_cell({{"method", "scratch"}, {"pair", "a -> b"}}, 20, {8});
  bench.judged_cell({{"method", "kd"}, {"pair", "a -> b"}}, 20, {18});
  const Store store(own.path());
  for (auto& [id, record] : bench.outcomes.records) {
    record.examples["judged"] = 20;
    store.save(record);
    const bool kd = record.axes.at("method") == "kd";
    write_atomically(store.folder(id).samples(), std::string(kd ? "\xff\xff\x03" : "\xff\0\0", 3));
  }
  TableSpec spec;
  spec.name = "main";
  spec.metrics = {"top1"};
  spec.baseline = "scratch";
  bench.plan.tables = {spec};
  EXPECT_THAT(report(bench.plan, store, "", Format::kText), Not(HasSubstr("McNemar")));
  bench.plan.tables[0].test = "mcnemar";
  EXPECT_THAT(report(bench.plan, store, "", Format::kText), HasSubstr("90.0!*"));
}

TEST(Report, KnowsItsFormats) {
  EXPECT_EQ(format_from("latex"), Format::kLatex);
  EXPECT_THROW(format_from("word"), Error);
}

}  // namespace
}  // namespace ktb::core
