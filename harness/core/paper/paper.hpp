#pragma once
#include <string>
#include <vector>

#include "core/plan/plan.hpp"

namespace ktb::core {

class Store;

struct PaperFile {
  std::string name, text;
};

/// What a paper takes in by `\input`: numbers for the preamble, tables, and figures of the tables,
/// a file each; last a document that shows them all, captions included. Throws Error for an
/// unknown table; empty: all.
std::vector<PaperFile> paper(const Plan& plan, const Store& store, const std::string& table = "");

}  // namespace ktb::core
