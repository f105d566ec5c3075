import type { Role } from "../../session/store.ts";

/** Roles that people have; services show keys. */
export const ROLES: readonly Role[] = ["learner", "author", "admin"];
