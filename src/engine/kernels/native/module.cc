// The entry, compiled without the instructions that the rest may use: a processor that lacks them is told so.
#include <node_api.h>

namespace aenb {
napi_value initialize(napi_env env, napi_value exports);
}

NAPI_MODULE_INIT() {
#if defined(AENB_NEEDS_AVX512)
  if (!__builtin_cpu_supports("avx512f")) {
    napi_throw_error(env, nullptr, "this processor has no AVX-512");
    return nullptr;
  }
#elif defined(AENB_NEEDS_AVX2)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    napi_throw_error(env, nullptr, "this processor has no AVX2");
    return nullptr;
  }
#endif
  return aenb::initialize(env, exports);
}
