/** Vite's raw imports, for tests that read a file of the project inside workerd. */
declare module "*?raw" {
  const text: string;
  export default text;
}
