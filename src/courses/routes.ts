import { newRouter } from "../platform/http/define-route.ts";
import { courseRowRoutes } from "./routes-courses.ts";
import { type CourseRoomDependencies, versionRoutes } from "./routes-versions.ts";

/** Courses and their versions, to be mounted at /api/v1. */
export function courseRoutes(dependencies: CourseRoomDependencies) {
  return newRouter().route("/", courseRowRoutes()).route("/", versionRoutes(dependencies));
}
