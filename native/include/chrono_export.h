/* What the shared library exports; everything else is hidden. */
#ifndef CHRONO_EXPORT_H
#define CHRONO_EXPORT_H

#if defined(__GNUC__)
#define CHRONO_EXPORT __attribute__((visibility("default")))
#else
#define CHRONO_EXPORT
#endif

#endif
