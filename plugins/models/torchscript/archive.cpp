#include "archive.hpp"

#include <c10/util/Exception.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <fstream>
#include <set>
#include <string_view>

#include "ktb/error.hpp"

namespace {

using torch::jit::Block;
using torch::jit::Node;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw ktb::Error(path + ": " + why);
}

/// The line of one of LibTorch's messages that says what is wrong: an interpreter's last, behind
/// the path through the network's code; else the first.
std::string gist(const std::string& message) {
  constexpr std::string_view kFault = "RuntimeError: ";
  const auto fault = message.rfind(kFault);
  const auto from = fault == std::string::npos ? 0 : fault + kFault.size();
  return message.substr(from, message.find('\n', from) - from);
}

std::string gist(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  return gist(torch_error ? torch_error->what_without_backtrace() : error.what());
}

/// Before LibTorch looks at it: it must be an archive of code, none of which runs when it is read.
void check_container(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(path, "there is no such file, or it may not be read");
  std::string start(4, '\0');
  file.read(start.data(), 4);
  if (start != "PK\x03\x04")
    refuse(path, "it is no archive of torch.jit.save, which is a zip file, and this one is none");
  caffe2::serialize::PyTorchStreamReader archive(path);
  bool code = false;
  for (const auto& name : archive.getAllRecords()) {
    if (!name.starts_with("code/") || !name.ends_with(".py")) continue;
    code = true;
    const auto [bytes, size] = archive.getRecord(name);
    const std::string_view text(static_cast<const char*>(bytes.get()), size);
    for (const auto* word : {"__setstate__", "torch.classes"})
      if (text.find(word) != std::string_view::npos)
        refuse(path, "its `" + name + "` has `" + word +
                         "`: code that would run while the file is read, which no network needs");
  }
  if (!code)
    refuse(path,
           "it holds what torch.save wrote, tensors without a network; save a scripted one by "
           "torch.jit.save, or name this file as `weights` of a model that ktbench has");
}

/// Operators whose effects are not confined to the tensors that they are given.
const std::set<std::string> kOutside = {"save",       "from_file",   "manual_seed", "seed",
                                        "PythonOp",   "rpc_async",   "rpc_sync",    "rpc_remote",
                                        "CallMethod", "CallFunction"};

/// Whether a mode (`training` of batch_norm, `train` of dropout) is a constant, as after tracing.
bool fixes_mode(const Node& node) {
  const auto* schema = node.maybeSchema();
  if (!schema) return false;
  for (std::size_t i = 0; i < schema->arguments().size() && i < node.inputs().size(); ++i) {
    const auto& name = schema->arguments()[i].name();
    if ((name == "training" || name == "train") &&
        node.inputs()[i]->node()->kind() == torch::jit::prim::Constant)
      return true;
  }
  return false;
}

void check_nodes(const Block& block, const std::string& path) {
  for (const auto* node : block.nodes()) {
    const std::string name = node->kind().toUnqualString();
    if (!(node->kind().is_aten() || node->kind().is_prim()) || kOutside.contains(name))
      refuse(path, std::string("it calls `") + node->kind().toQualString() +
                       "`, which is no operator of PyTorch's on tensors alone");
    if (fixes_mode(*node))
      refuse(path, "its `" + name +
                       "` is fixed to training or to evaluation, as torch.jit.trace leaves it; use "
                       "torch.jit.script, which keeps both modes");
    for (const auto* inner : node->blocks()) check_nodes(*inner, path);
  }
}

void check_method(const torch::jit::Method& method, const std::string& path) {
  const auto graph = method.graph()->copy();
  torch::jit::Inline(*graph);
  check_nodes(*graph->block(), path);
}

}  // namespace

torch::jit::Module read_archive(const std::string& path) {
  torch::jit::Module network;
  try {
    check_container(path);
    network = torch::jit::load(path, at::kCPU, /*load_debug_files=*/false);
  } catch (const ktb::Error&) {
    throw;
  } catch (const std::exception& error) {
    refuse(path, "it is no archive of torch.jit.save that this PyTorch can read: " + gist(error));
  }
  for (const auto* name : {"forward", "initialise"})
    if (const auto method = network.find_method(name)) check_method(*method, path);
  if (!network.find_method("forward")) refuse(path, "its network has no method `forward`");
  if (network.named_parameters().size() == 0)
    refuse(path,
           "its network has no parameters; torch.jit.freeze makes constants of them, so leave "
           "that out");
  return network;
}

c10::IValue call(torch::jit::Module& network, const std::string& path, const std::string& method,
                 std::vector<c10::IValue> inputs) {
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  try {
    return network.get_method(method)(std::move(inputs));
  } catch (const std::exception& error) {
    TORCH_CHECK(false, path, ": `", method, "` fails: ", gist(error));
  }
}
