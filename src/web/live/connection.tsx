/** How live the page is right now. */
export function Connection() {
  return null;
}
