/*
 * writer FILE BYTES SIZE: writes so many bytes to standard output as fast as they are taken, in writes of SIZE bytes, all
 * of them lines of 100. Then it notes in FILE how many milliseconds that took, and stays until it is told to end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE 100

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  long long left = atoll(argv[2]);
  size_t size = (size_t)atol(argv[3]);
  char *block = malloc(size), note[4096];
  if (block == NULL) return 1;
  for (size_t at = 0; at < size; at++) block[at] = at % LINE == LINE - 1 ? '\n' : 'x';
  double began = now_ms();
  while (left > 0) {
    size_t many = left < (long long)size ? (size_t)left : size;
    ssize_t taken = write(STDOUT_FILENO, block, many);
    if (taken <= 0) return 1;
    left -= taken;
  }
  double took = now_ms() - began;
  snprintf(note, sizeof note, "%s.part", argv[1]);
  FILE *file = fopen(note, "w");
  if (file == NULL || fprintf(file, "%.3f\n", took) < 0 || fclose(file) != 0 || rename(note, argv[1]) != 0) return 1;
  for (;;) pause();
}
