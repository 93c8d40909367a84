/*
 * System calls that touch nothing of the C library, not even errno: a child that shares the keeper's
 * memory until its exec may make no others. They return -errno where they fail.
 */
#ifndef ARCHON_RAW_H
#define ARCHON_RAW_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)

#define RAW_IS_BARE 1

static inline long raw6(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__)

#define RAW_IS_BARE 1

static inline long raw6(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory", "cc");
  return x0;
}

#else

#define RAW_IS_BARE 0 /* errno is the library's here: no child shares the memory */

static inline long raw6(long number, long a, long b, long c, long d, long e, long f) {
  long result = syscall(number, a, b, c, d, e, f);
  return result == -1 ? -errno : result;
}

#endif

#define RAW_1(number) raw6(number, 0, 0, 0, 0, 0, 0)
#define RAW_2(number, a) raw6(number, (long)(a), 0, 0, 0, 0, 0)
#define RAW_3(number, a, b) raw6(number, (long)(a), (long)(b), 0, 0, 0, 0)
#define RAW_4(number, a, b, c) raw6(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define RAW_5(number, a, b, c, d) raw6(number, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define RAW_6(number, a, b, c, d, e) raw6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define RAW_7(number, a, b, c, d, e, f) \
  raw6(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define RAW_PICK(_1, _2, _3, _4, _5, _6, _7, pick, ...) pick

/* raw(SYS_name, arguments): up to six of them, numbers or pointers. */
#define raw(...) \
  RAW_PICK(__VA_ARGS__, RAW_7, RAW_6, RAW_5, RAW_4, RAW_3, RAW_2, RAW_1, )(__VA_ARGS__)

#endif
