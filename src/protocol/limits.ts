/** The limits of the protocol page. Past one of them the answer is `limit`. */

/** Longest line in bytes, without its line end. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** Most fields of a record. */
export const MAX_FIELDS = 65_536;

/** Most descriptors that may come with one request. */
export const MAX_DESCRIPTORS = 16;

/** Most requests of a connection that are not answered yet; with so many it is not read further. */
export const MAX_REQUESTS_IN_FLIGHT = 1024;
