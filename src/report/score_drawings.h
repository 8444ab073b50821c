// Drawings of an evaluation's table: scores by class as bars, precision over
// recall of each class, and what was taken for what.
#pragma once

#include <string>

#include "report/chart.h"
#include "report/eval_table.h"

namespace nadir::report {

// A group of bars a class, a bar a row of the table. Nothing where the table
// has no classes.
[[nodiscard]] Drawing class_bars(const EvalTable& table);

// A small plot a class, a line a row of the table. Nothing where the file has
// no curves.
[[nodiscard]] Drawing pr_panels(const EvalTable& table);

// A class of the truth a line, a class of the prediction a column, in percent
// of the line's images or pixels. Nothing where `row` has no counts.
[[nodiscard]] Drawing confusion_map(const EvalTable& table, const EvalRow& row);

// The text, or its first `length` letters with an ellipsis.
[[nodiscard]] std::string shortened(const std::string& text, size_t length);

}  // namespace nadir::report
