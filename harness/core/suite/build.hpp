#pragma once
#include "core/suite/document.hpp"
#include "core/suite/suite.hpp"

namespace ktb::core {

/// Turns a document, profile and parents already laid over it, into a suite;
/// checks every key and type.
Suite build_suite(Document document);

/// `[table.N]`, each with its `like` filled in.
std::vector<TableSpec> build_tables(Document& document, const std::string& title);

/// Checks a recipe where it stands. Throws SuiteError.
void expect_recipe(const Document& document, const std::string& path);

}  // namespace ktb::core
