# Writes fuzzy.csv: memberships of the R package sets and centres of fuzzy clusters
# of the R package e1071, for TestDegree_elsewhere and TestCMeans_elsewhere of
# package fuzzy_test. Run by hand, from this folder, with the r-cran-sets and
# r-cran-e1071 of Debian 12:
#
#     Rscript fuzzy.R
suppressMessages({library(sets); library(e1071)})
set.seed(20240607)

rows <- character()
row <- function(...) rows <<- c(rows, paste(c(...), collapse = ","))
number <- function(x) sprintf("%.17g", x)

# degree,kind,parameters,x,degree; without a height nothing is divided by the
# largest degree, which for bells of the normal density must be that at the peak.
at <- c(-40, -12.5, -3, 0, 1.25, 7, 10, 18.2, 20, 22.5, 30, 37.5, 40, 41, 55, 90)
degrees <- function(kind, parameters, f, grid = at) {
  d <- f(grid)
  for (i in seq_along(grid)) row("degree", kind, paste(parameters, collapse = " "), number(grid[i]), number(d[i]))
}
for (p in list(c(20, 7, 2), c(-3, 12.5, .75), c(30, 2, 5.5)))
  degrees("bell", p, fuzzy_bell(center = p[1], cross = p[2], slope = p[3], height = NULL))
for (p in list(c(20, .5), c(10, -.3), c(0, 4)))
  degrees("sigmoid", p, fuzzy_sigmoid(cross = p[1], slope = p[2], height = NULL))
for (p in list(c(20, 7), c(-3, 30)))
  degrees("gaussian", p, fuzzy_normal(mean = p[1], sd = p[2]), c(p[1], at))
for (p in list(c(10, 7, 30, 15), c(0, 2, 0, 9)))
  degrees("gauss2", p, fuzzy_two_normals(mean = p[c(1, 3)], sd = p[c(2, 4)]), c(p[1], p[3], at))
degrees("triangular", c(7, 20, 41), fuzzy_triangular(corners = c(7, 20, 41), return_base_corners = FALSE))
degrees("trapezoidal", c(-3, 1.25, 22.5, 55), fuzzy_trapezoid(corners = c(-3, 1.25, 22.5, 55), return_base_corners = FALSE))

# centres,value value ...,centre centre ...: begun at the middle quantiles. e1071
# stops where the error moves little, so it is begun again where it stopped.
centres <- function(x, n) {
  fit <- list(centers = matrix(quantile(x, (seq_len(n) - .5) / n, type = 7)))
  for (k in 1:200) fit <- cmeans(matrix(x), fit$centers, iter.max = 100000, m = 2)
  row("centres", paste(number(x), collapse = " "), paste(number(sort(fit$centers)), collapse = " "))
}
centres(round(c(rnorm(40, 20, 5), rnorm(25, 55, 4), rnorm(35, 80, 8)), 3), 3)
centres(round(rnorm(80, 50, 15), 3), 5)
centres(round(rexp(60, .1), 3), 4)
centres(c(0, 1, 3, 8, 9), 2) # two begin on a value

writeLines(c(sprintf("# sets %s, e1071 %s, %s, testdata/reference/fuzzy.R", packageVersion("sets"), packageVersion("e1071"), R.version.string), rows), "../fuzzy.csv")
