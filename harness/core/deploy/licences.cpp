#include "core/deploy/licences.hpp"

#include <map>

namespace ktb::core {
namespace {

constexpr auto kNone =
    "no licence is stated with the data; ask their authors before you pass on more than the "
    "weights";
constexpr auto kRules = "an environment: rules in ktbench's own code (Apache 2.0), no data";

}  // namespace

std::string licence_of_data(const std::string& plugin) {
  static const std::map<std::string, std::string> kKnown = {
      {"fashion_mnist", "MIT (Zalando SE)"},
      {"mnist", "CC BY-SA 3.0 (LeCun, Cortes and Burges)"},
      {"arrays", "arrays of your own: state their licence here"},
      {"cifar10", kNone},
      {"cifar100", kNone},
      {"coco_captions",
       "captions CC BY 4.0 (COCO Consortium); the pictures are Flickr's, each under its own terms"},
      {"vqa2",
       "questions and answers CC BY 4.0; the pictures are COCO's, each under its own terms"},
      {"squad", "CC BY-SA 4.0"},
      {"speech_commands", "CC BY 4.0 (Google)"},
      {"ag_news", "for research and other non-commercial use, as its collector states"},
      {"imdb", kNone},
      {"sst2", kNone},
      {"easy_vqa", "MIT (V. Zhou)"},
      {"emoji", "EmojiOne CC BY-SA 4.0, Noto Color Emoji OFL 1.1"},
      {"glyphs", "drawn from installed fonts, each under its own licence"},
      {"tuxpaint", "GPL 2 or later (Tux Paint)"},
      {"wordnet_gloss", "WordNet licence (Princeton University)"},
      {"wordnet_qa", "WordNet licence (Princeton University)"},
      {"image_folder", "pictures of your own: state their licence here"},
      {"acrobot", kRules},
      {"cartpole", kRules},
      {"mountain_car", kRules},
      {"mountain_car_continuous", kRules},
      {"pendulum", kRules},
      {"minatar_asterix", kRules},
      {"minatar_breakout", kRules},
      {"minatar_freeway", kRules},
      {"minatar_space_invaders", kRules}};
  const auto found = kKnown.find(plugin);
  return found != kKnown.end()
             ? found->second
             : "not known to ktbench: `" + plugin + "` is no data set of its own; state it here";
}

}  // namespace ktb::core
