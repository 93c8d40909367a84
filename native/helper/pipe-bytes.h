/* What is in a pipe, seen without being taken out of it. */
#ifndef ARCHON_PIPE_BYTES_H
#define ARCHON_PIPE_BYTES_H

#include "helper.h"

/* How many bytes wait in it. */
int64_t pipe_waiting(int pipe);
/* Up to RECEIVE_BYTES of it in the buffer of the helper; they stay in the pipe. Bytes, 0 at its end, or a failure (EAGAIN where there are none). */
int64_t pipe_peek(struct helper *helper, int pipe);
/* So many of its bytes are one line with its end, or what there is to be seen of a line without one; 0 where nothing is to be seen. */
int64_t pipe_rest_of_line(struct helper *helper, int pipe, bool *ends);

#endif
