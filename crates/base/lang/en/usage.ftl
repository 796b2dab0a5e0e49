# How much a section sends, for its administrators
usage = Usage
usage-mean = What was sent in the last 12 months, and the files that are kept now. Months are those of the calendar of { $zone }.
usage-kept = Files that are kept now
usage-kept-is = { $count ->
    [one] { $files } file
   *[other] { $files } files
}, { $size }
usage-none = Nothing was sent in these 12 months.
usage-chart-octets = Size of the files that were sent, by month
usage-chart-deposits = Deposits, by month
usage-chart-taken = Files that were downloaded, by month
usage-most = at most { $most } ({ $month })
usage-bar = { $month }: { $value }
usage-numbers = By month
usage-month = Month
usage-deposits = Deposits
usage-recipients = Recipients
usage-files = Files
usage-octets = Size
usage-taken = Downloads
usage-month-goes-on = { $month } (so far)
usage-counts = A deposit counts in the month in which its links were sent, also where it was cancelled later or its files are no longer kept. A recipient counts once for each deposit. A download counts in the month in which the file was taken, whenever it was sent.
