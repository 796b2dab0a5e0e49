# セクションの管理者が見る利用状況
usage = 利用状況
usage-mean = 直近12か月に送ったお預かりと、いま保管しているファイルです。月の区切りは { $zone } の暦によります。
usage-kept = 保管中のファイル
usage-kept-is = { $count ->
   *[other] { $files }件
}、{ $size }
usage-none = この12か月に送ったお預かりはありません。
usage-chart-octets = 送ったファイルの合計サイズ(月別)
usage-chart-deposits = お預かりの件数(月別)
usage-chart-taken = ダウンロードされたファイルの件数(月別)
usage-most = 最大 { $most }({ $month })
usage-bar = { $month }: { $value }
usage-numbers = 月別の内訳
usage-month = 月
usage-deposits = お預かり
usage-recipients = 受信者
usage-files = ファイル
usage-octets = サイズ
usage-taken = ダウンロード
usage-month-goes-on = { $month }(途中)
usage-counts = お預かりは、受信者にリンクを送った月に数えます。あとで取り消したものや、保管期限が過ぎたものも含みます。受信者の数は、お預かりごとに数えた延べ数です。ダウンロードは、送った月にかかわらず、受信者が受け取った月に数えます。
