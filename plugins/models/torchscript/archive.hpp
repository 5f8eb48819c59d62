#pragma once
#include <torch/csrc/jit/api/module.h>

#include <string>

// Archives of torch.jit.save that strangers may have made.

/// The network of an archive, on the CPU. Nothing of it has run: neither while it was read nor
/// since. Throws ktb::Error that names the file where it is no such archive, or holds what a
/// network of this program's may not be: one that reaches for files, or that was traced in one mode
/// and so cannot both train and be judged.
torch::jit::Module read_archive(const std::string& path);

/// Runs a method of it as PyTorch does without optimisation, whose bits are those of eager mode.
/// Throws a c10::Error of one sentence.
c10::IValue call(torch::jit::Module& network, const std::string& path, const std::string& method,
                 std::vector<c10::IValue> inputs);
