// Convolutions on log-mel energies, which they read as a picture of bands and frames.
#include "ktb/nn/conv_stages.hpp"
#include "ktb/nn/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

class AudioCnn final : public ktb::ConvNet {
 public:
  AudioCnn(const ktb::TaskSpec& task, ktb::Options& options)
      : ConvNet(task, "audio"),
        stages_(
            *this, "features.", channels(),
            options.get("width", 32, "channels of the first convolution", {.least = 1}),
            options.get("stages", 4, "convolutions; each halves the map and doubles the channels",
                        {.least = 1, .most = 8})) {
    add_head("fc", stages_.width());
    init_convolutions();
  }

  std::string takes() const override { return stages_.last_matrix(); }
  std::vector<std::string> preact_norms() const override { return stages_.norms(); }

 protected:
  ktb::Output forward_trunk(const ktb::Batch& batch) override {
    ktb::Output out;
    stages_(batch.x.at("audio"), out.preacts, out.features);
    out.pooled = averaged(out.features.back());
    return out;
  }

 private:
  ktb::ConvStages stages_;
};

}  // namespace

KTB_MODEL(AudioCnn, "convolutions on log-mel energies", "Sainath and Parada, Interspeech 2015", "")
