#include "train/auto_recipe.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/config.h"
#include "train/schedules.h"

namespace nadir::train {
namespace {

PretrainConfig chosen(
    const DataShape& data, const std::set<std::string>& given = {}) {
  PretrainConfig config;
  static_cast<void>(apply_auto_recipe(config, data, given));
  return config;
}

TEST(AutoRecipe, HasThePublishedValuesForBigEarthNet) {
  // docs/dino.md, "How it fails": the train split, and all that are kept.
  const auto train = chosen({269'695, 120});
  EXPECT_EQ(train.head.out_dim, 32'768);
  EXPECT_EQ(train.optim.teacher_temp, 0.03);
  EXPECT_EQ(train.optim.warmup_teacher_temp, 0.02);
  EXPECT_EQ(train.optim.momentum_teacher, 0.992);
  const auto kept = chosen({519'284, 120});
  EXPECT_EQ(kept.head.out_dim, 65'536);
  EXPECT_EQ(kept.optim.teacher_temp, 0.05);
  EXPECT_EQ(kept.optim.warmup_teacher_temp, 0.03);
  EXPECT_EQ(kept.optim.momentum_teacher, 0.993);
}

TEST(AutoRecipe, TakesMorePrototypesAndAWarmerTeacherForMoreImages) {
  const auto few = chosen({2'000, 120});
  EXPECT_EQ(few.head.out_dim, 1024);
  EXPECT_EQ(few.optim.teacher_temp, 0.02);
  EXPECT_EQ(few.optim.momentum_teacher, 0.99);
  EXPECT_EQ(chosen({20'000, 120}).head.out_dim, 1024);
  EXPECT_EQ(chosen({20'001, 120}).head.out_dim, 2048);
  EXPECT_EQ(chosen({100'000, 120}).head.out_dim, 4096);
  const auto many = chosen({3'000'000, 120});
  EXPECT_EQ(many.head.out_dim, 65'536);
  EXPECT_EQ(many.optim.teacher_temp, 0.07);
  EXPECT_EQ(many.optim.momentum_teacher, 0.996);
}

TEST(AutoRecipe, KeepsTheDetailOfSmallImages) {
  const auto small = chosen({27'000, 64});  // EuroSAT
  EXPECT_EQ(small.model.patch_size, 8);
  EXPECT_EQ(small.views.global_crop_size, 32);
  EXPECT_EQ(small.views.local_crop_size, 16);
  EXPECT_EQ(small.views.global_crops_scale, (std::vector<double>{0.25, 0.7}));
  EXPECT_EQ(small.views.local_crops_scale, (std::vector<double>{0.05, 0.25}));
  const auto odd = chosen({27'000, 50});
  EXPECT_EQ(odd.views.global_crop_size, 24);
  EXPECT_EQ(odd.views.local_crop_size, 8);
  const auto tiny = chosen({27'000, 5});
  EXPECT_EQ(tiny.views.global_crop_size, 8);
  EXPECT_EQ(tiny.views.local_crop_size, 8);
  const auto patch = chosen({27'000, 120});
  EXPECT_EQ(patch.model.patch_size, 16);
  EXPECT_EQ(patch.views.global_crop_size, 224);
  EXPECT_EQ(patch.views.global_crops_scale, (std::vector<double>{0.4, 1}));
}

TEST(AutoRecipe, BlursSmallViewsInProportion) {
  EXPECT_EQ(
      chosen({27'000, 120}).views.blur_sigma, (std::vector<double>{0.1, 2}));
  EXPECT_EQ(
      chosen({27'000, 64}).views.blur_sigma, (std::vector<double>{0.1, 0.5}));
  PretrainConfig config;
  config.views.global_crop_size = 112;
  static_cast<void>(
      apply_auto_recipe(config, {27'000, 120}, {"global_crop_size"}));
  EXPECT_EQ(config.views.blur_sigma, (std::vector<double>{0.1, 1}));
}

TEST(AutoRecipe, FitsEpochsAndWarmUpsToTheStepsOfARun) {
  // 4,214 steps an epoch: 100 epochs are enough, and warm-ups are bounded by
  // their steps: 12,500 is 3 epochs, 37,500 is 9; 1,250 is less than one.
  const auto large = chosen({269'695, 120});
  EXPECT_EQ(large.optim.epochs, 100);
  EXPECT_EQ(large.optim.warmup_epochs, 3);
  EXPECT_EQ(large.optim.warmup_teacher_temp_epochs, 9);
  EXPECT_EQ(large.optim.freeze_last_layer, 1);
  // 15 steps an epoch: 400 epochs, warm-ups bounded by their share.
  const auto small = chosen({1'000, 120});
  EXPECT_EQ(small.optim.epochs, 400);
  EXPECT_EQ(small.optim.warmup_epochs, 40);
  EXPECT_EQ(small.optim.warmup_teacher_temp_epochs, 120);
  EXPECT_EQ(small.optim.freeze_last_layer, 20);
}

TEST(AutoRecipe, MakesARunThatCanBeHadOfAnyNumberOfEpochs) {
  for (const int64_t epochs : {1, 2, 3, 7}) {
    PretrainConfig config;
    config.optim.epochs = epochs;
    static_cast<void>(apply_auto_recipe(config, {500, 64}, {"epochs"}));
    EXPECT_EQ(config.optim.epochs, epochs);
    EXPECT_NO_THROW(Schedules(config.optim, 7, 16)) << epochs;
    EXPECT_LT(config.optim.freeze_last_layer, epochs);
  }
}

TEST(AutoRecipe, TakesNoMoreImagesAStepThanThereAre) {
  EXPECT_EQ(chosen({11, 120}).optim.batch_size_per_gpu, 11);
  PretrainConfig config;
  config.optim.accumulate = 4;
  static_cast<void>(apply_auto_recipe(config, {100, 120}, {"accumulate"}));
  EXPECT_EQ(config.optim.batch_size_per_gpu, 25);
}

TEST(AutoRecipe, LeavesWhatTheUserGave) {
  PretrainConfig config;
  config.head.out_dim = 777;
  config.optim.teacher_temp = 0.015;
  config.optim.warmup_epochs = 1;
  config.model.patch_size = 16;
  const std::set<std::string> given = {
      "out_dim", "teacher_temp", "warmup_epochs", "patch_size"};
  const auto choices = apply_auto_recipe(config, {1'000, 64}, given);
  EXPECT_EQ(config.head.out_dim, 777);
  EXPECT_EQ(config.optim.teacher_temp, 0.015);
  EXPECT_EQ(config.optim.warmup_epochs, 1);
  EXPECT_EQ(config.model.patch_size, 16);
  EXPECT_EQ(config.views.local_crop_size, 16);
  // A warm-up that cools is none.
  EXPECT_EQ(config.optim.warmup_teacher_temp, 0.015);
  for (const auto& choice : choices) {
    EXPECT_FALSE(given.contains(choice.key)) << choice.key;
    EXPECT_FALSE(choice.reason.empty()) << choice.key;
  }
}

TEST(AutoRecipe, TellsEveryFieldThatItChanged) {
  PretrainConfig config;
  PretrainConfig before;
  const auto choices = apply_auto_recipe(config, {1'000, 64}, {});
  const auto fields = fields_of(config);
  const auto old_fields = fields_of(before);
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto told = std::find_if(
        choices.begin(), choices.end(), [&](const AutoChoice& choice) {
          return choice.key == fields[i].key;
        });
    if (told == choices.end()) {
      EXPECT_EQ(field_text(fields[i]), field_text(old_fields[i]))
          << fields[i].key;
    } else {
      EXPECT_EQ(field_text(fields[i]), told->value);
    }
  }
}

}  // namespace
}  // namespace nadir::train
