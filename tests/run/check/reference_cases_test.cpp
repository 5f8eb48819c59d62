// Fidelity: every reference case that this tree answers.
#include <gmock/gmock.h>

#include <sstream>

#include "run/check/check.hpp"

namespace ktb::run {
namespace {

struct ReferenceCases : testing::TestWithParam<const char*> {};

TEST_P(ReferenceCases, Agree) {
  Registry registry({KTB_PLUGIN_DIR});
  std::ostringstream out;
  EXPECT_EQ(check(registry, {std::string(KTB_SOURCE_DIR "/tests/vectors/") + GetParam()}, out), 0)
      << out.str();
  EXPECT_THAT(out.str(), testing::ContainsRegex("[1-9][0-9]* passed, 0 failed, 0 skipped\n$"));
}

// Without kdsvd: its loss depends on the signs of singular vectors, which no library promises.
INSTANTIATE_TEST_SUITE_P(Methods, ReferenceCases,
                         testing::Values("kd", "dkd", "dist", "nkd", "uskd", "tfkd_self",
                                         "tfkd_reg", "label_smoothing", "dml", "fitnet", "at", "sp",
                                         "cc", "vid", "rkd", "pkt", "nst", "crd", "reviewkd",
                                         "simkd", "semckd", "ofd", "ab", "ft", "fsp", "l2_sp",
                                         "delta", "bss", "co_tuning", "lwf", "hub_distill",
                                         "b_tuning", "logme", "noisy_gating", "zoo_tuning",
                                         "mergenet_adapter", "mergenet_update"));
INSTANTIATE_TEST_SUITE_P(
    Models, ReferenceCases,
    testing::Values("model_resnet8", "model_resnet8x4", "model_resnet14", "model_resnet20",
                    "model_resnet32", "model_resnet56", "model_wrn_16_1", "model_wrn_16_2",
                    "model_wrn_40_1", "model_vgg8", "model_vgg11", "model_vgg13",
                    "model_mobilenetv2_half", "model_shufflenetv1", "model_shufflenetv2",
                    "model_cifar_resnet50", "model_mergenet_resnet50", "model_mergenet_mobilenetv2",
                    "model_torchvision_resnet18", "model_torchvision_mobilenet_v2",
                    "model_torchvision_convnext_tiny", "model_torchvision_vit",
                    "model_timm_deit_tiny", "model_timm_mixer"));
INSTANTIATE_TEST_SUITE_P(Parts, ReferenceCases,
                         testing::Values("metric_classification", "metric_squad", "metric_vqa",
                                         "metric_retrieval", "schedule", "optimiser", "stats"));

INSTANTIATE_TEST_SUITE_P(Environments, ReferenceCases,
                         testing::Values("env_cartpole", "env_mountain_car",
                                         "env_mountain_car_continuous", "env_acrobot",
                                         "env_pendulum", "env_minatar_breakout",
                                         "env_minatar_freeway", "env_minatar_asterix",
                                         "env_minatar_space_invaders"));

}  // namespace
}  // namespace ktb::run
