#pragma once

/// Plugins and the harness are built with hidden visibility; what the SDK library offers is marked.
#define KTB_API __attribute__((visibility("default")))
