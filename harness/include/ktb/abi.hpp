#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "ktb/export.hpp"

#define KTB_TEXT_(x) #x
#define KTB_TEXT(x) KTB_TEXT_(x)
#ifdef __SANITIZE_ADDRESS__
#define KTB_ASAN_ "1"
#else
#define KTB_ASAN_ "0"
#endif
#ifdef NDEBUG
#define KTB_NDEBUG_ "1"
#else
#define KTB_NDEBUG_ "0"
#endif

/// What must be equal in plugin and harness, since they exchange C++ objects and tensors. NDEBUG is
/// in it because the layout of at::RecordFunction depends on it. The compiler is not: those that
/// can compile LibTorch's headers agree on the ABI, whatever number they give it.
#define KTB_ABI_KEY                                                                \
  "sdk=" KTB_SDK_HASH " torch=" KTB_TORCH_VERSION " cxx11abi=" KTB_TEXT(           \
      _GLIBCXX_USE_CXX11_ABI) " std=" KTB_TEXT(__cplusplus) " ndebug=" KTB_NDEBUG_ \
                                                            " asan=" KTB_ASAN_

/// First bytes of the note in a plugin file. In two pieces, so that a
/// program which searches files for these bytes does not contain them itself.
#define KTB_NOTE_MAGIC_1 "KTBENCH-PLUGIN"
#define KTB_NOTE_MAGIC_2 "-NOTE-1\n"

namespace ktb {

struct TaskSpec;
class Options;
class Model;
class Method;
class Dataset;

/// What a plugin registers: exactly one of the three.
struct KTB_API Registrar {
  ~Registrar();
  std::function<std::shared_ptr<Model>(const TaskSpec&, Options&)> model;
  std::function<std::shared_ptr<Method>(Options&)> method;
  std::function<std::shared_ptr<Dataset>(Options&)> dataset;
};

/// The one symbol that a plugin exports. Plain data up to the function pointer, so that it can be
/// judged before any C++ of the plugin runs.
struct PluginDescriptor {
  std::uint32_t size;  ///< of this structure
  const char* abi;     ///< KTB_ABI_KEY
  const char* kind;    ///< model, method, dataset
  const char* name;
  void (*fill)(Registrar&);
};

}  // namespace ktb
