// Stands in for `ml-matrix` in what is uploaded (wrangler.toml, `alias`): a bundler takes the package's own list as one
// piece, with every decomposition and kind of matrix.

export { default as CholeskyDecomposition } from "../../node_modules/ml-matrix/src/dc/cholesky.js";
export { default as Matrix } from "../../node_modules/ml-matrix/src/matrix.js";
