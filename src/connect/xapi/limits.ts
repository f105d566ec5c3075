/** Bytes of one request to the store: statements with their attachments, or a document. */
export const MAX_BODY = 4_000_000;
/** Statements of one request. */
export const MAX_BATCH = 500;
/** Bytes of one statement as JSON: a page of the largest ones is read as a whole. */
export const MAX_STATEMENT = 100_000;
/** Bytes of one attachment or document. They are stored as base64, which is a third longer. */
export const MAX_BYTES = 1_000_000;
/** Bytes of attachments of all statements of one request, counted for each statement that has them. */
export const MAX_ATTACHED = 8_000_000;
/** Attachments sent with one request. */
export const MAX_PARTS = 50;
/** Statements of one page, and bytes after which a page ends early. */
export const MAX_PAGE = 100;
export const PAGE_BYTES = 2_000_000;
/** The same of attachments in base64. The first statement of a page has all of its own, which came with one request. */
export const PAGE_ATTACHMENT_BYTES = 8_000_000;
/** Statements that one store takes: the directory's database has 10 GB for all courses together. */
export const MAX_KEPT = 500_000;
/** Documents of one kind that belong to one agent or activity. */
export const MAX_DOCUMENTS = 1_000;
/** Characters of an IRI, and of an agent's name or account. */
export const MAX_IRI = 2_000;
/** Agents that one statement may name, group members included. */
export const MAX_AGENTS = 200;
/** Statements that refer to one another in a row: beyond, a query finds them by what they say themselves only. */
export const MAX_CHAIN = 8;
