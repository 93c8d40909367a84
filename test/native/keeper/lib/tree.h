/* A tree under test (fixtures/dodger.c), and what can be known of it without asking the keeper. */
#ifndef TREE_H
#define TREE_H

#include "peer.h"

#define FAMILY 12 /* processes of `dodger stay` */

struct tree {
  uint32_t index;
  int alive; /* its end: no process of the tree is left */
  int there; /* a byte from each process that is there */
  int gate;  /* closing it lets the orphan of `dodger brief` end */
};

struct tree tree_start(const char *dodger, const char *how, uint32_t kind);
void tree_await(const struct tree *tree, int bytes); /* until so many have come */
/* Until the keeper counts so many: those that only forked the next may still be on their way out. */
void tree_await_count(const struct tree *tree, uint64_t count);
int tree_answers(const struct tree *tree, char *out, int room); /* what has come since, without waiting */
bool tree_is_gone(const struct tree *tree);
void tree_end(struct tree *tree); /* it must be empty and gone: frees the entry, closes everything */

#endif
