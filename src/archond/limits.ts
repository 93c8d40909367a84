/**
 * What clients may use, each and all together; docs/protocol.org, "Limits", has the reasons and what
 * happens past each.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Replies that a client leaves unread; beyond it nothing more is read from it, nor made for it. */
export const MAX_QUEUED_BYTES = MIB;

/** Replies that all clients together leave unread; beyond it those are hung up on that have not read for longest. */
export const MAX_QUEUED_IN_ALL_BYTES = 16 * MIB;

/** Where all together leave more than half of that unread, one client's share of it. */
export const FAIR_QUEUED_BYTES = 16 * KIB;

/** Of requests that wait behind others and of their lines one client has no more read, so much being there. */
export const MAX_KEPT_BYTES = 256 * KIB;

/** The same of all clients together, unfinished lines with them; beyond it those give way that have sent nothing for longest. */
export const MAX_KEPT_IN_ALL_BYTES = 12 * MIB;

/** What is less is not counted: every client may have half a line, or a request that waits. */
export const UNCOUNTED_BYTES = KIB;

/** What a waiting request takes beside its line, roughly. */
export const WAITING_BYTES = 128;

/** Descriptors that came with requests that wait behind others; with so many the client is not read further. */
export const MAX_WAITING_DESCRIPTORS = 64;

/** Of all descriptors that archond may have, what unfinished lines and waiting requests may hold, and what connections may be. */
export const WAITING_SHARE = 1 / 8;
export const CONNECTIONS_SHARE = 3 / 4;

/** How long a client that is to be hung up on may take nothing of what still goes to it. */
export const LINGER_MS = 30_000;

/** Of all connections that there may be, what those of one user may be who is only admitted. */
export const USER_SHARE = 1 / 4;

/** Connections of users who are not admitted, and their share of what clients may keep and leave unread. */
export const MAX_UNADMITTED = 64;
export const UNADMITTED_SHARE = 1 / 64;

/**
 * Connections that were refused and whose clients have not read that yet: so many at most, and no more than
 * this part of all descriptors; so long, and while they send no more than this.
 */
export const MAX_TURNED_AWAY = 64;
export const TURNED_AWAY_SHARE = 1 / 64;
export const TURNED_AWAY_MS = 5000;
export const MAX_UNHEARD_BYTES = 4 * MIB;
