// Package tabular reads and writes bars as CSV and Parquet.
package tabular
