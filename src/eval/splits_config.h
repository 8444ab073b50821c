#pragma once

#include <cstdint>
#include <string>

#include "data/catalog.h"

namespace nadir::eval {

struct SplitConfig {
  std::string data;
  std::string val_data;
  std::string test_data;
  std::string index;
  std::string train_split = "train";
  std::string val_split = "validation";
  std::string test_split = "test";
  double val_share = data::kValidationShare;
  double test_share = data::kTestShare;
  int64_t max_train = 0;
  int64_t max_val = 0;
  int64_t max_test = 0;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        data,
        "data",
        "Labelled images: whatever `nadir pretrain --data` takes.");
    visit(
        val_data,
        "val_data",
        "Validation images kept elsewhere, with the same classes.");
    visit(
        test_data,
        "test_data",
        "Test images kept elsewhere, with the same classes.");
    visit(index, "index", "index.parquet beside a raw BigEarthNet folder.");
    visit(train_split, "train_split", "Name of the split to train on.");
    visit(val_split, "val_split", "Name of the split that selects.");
    visit(test_split, "test_split", "Name of the split that is scored.");
    visit(
        val_share,
        "val_share",
        "Share of the training images set aside to select on where there is no "
        "such split.");
    visit(
        test_share,
        "test_share",
        "Share of the images set aside to be scored where the data has no "
        "splits.");
    visit(
        max_train,
        "max_train",
        "Use at most this many training images, evenly spread; 0 uses all.");
    visit(max_val, "max_val", "The same for validation.");
    visit(max_test, "max_test", "The same for test.");
  }
};

}  // namespace nadir::eval
