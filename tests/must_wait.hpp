#pragma once
#include <map>
#include <string>

namespace ktb::tests {

/// Whose steps make the host wait for a device, and why: methods by the plugin's name. All others
/// never do between two looks at the loss.
inline const std::map<std::string, std::string>& must_wait() {
  static const auto* const all = new std::map<std::string, std::string>{
      {"kdsvd", "CUDA's SVD checks on the host whether it converged"},
      {"bss", "CUDA's SVD checks on the host whether it converged"},
      {"hub_pathway", "how many inputs chose a model is a size: one read a batch"},
  };
  return *all;
}

/// Tasks in environments, whatever learns there: who acts has to know what was chosen before the
/// environment can go on. DQN does so once in so many steps, PPO while it gathers.
inline const char* const kWhoActsWaits = "transitions";

}  // namespace ktb::tests
