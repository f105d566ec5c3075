/** learner: reads and works. author: publishes own courses. service: grades, imports. admin: everything. */
export const ROLES = ["learner", "author", "service", "admin"] as const;
export type Role = (typeof ROLES)[number];
