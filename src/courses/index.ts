/** The door of the courses room. */

export { isStaff, mayManage } from "./access.ts";
export {
  type CourseEntry,
  type CoursePointer,
  cutIntoParts,
  fetchCourse,
  findCourse,
  forgetCourse,
  isFresh,
  loadActiveProgram,
  loadOutline,
  loadProgram,
  parseOutline,
  rememberedCourse,
  rememberedProgram,
  rememberProgram,
} from "./catalog.ts";
export { loadContent } from "./contents.ts";
export { courseRoutes } from "./routes.ts";
