/** Most chapters and problems of one course together. An enrollment's states of that many items stay well under D1's and the object's 2 MB a row. */
export const MAX_ITEMS = 5_000;
