# placeholder

# A mail was stopped: the notice to its sender (crates/gateway/src/stop.rs).
stopped-subject = 【送信停止】{ $subject }
stopped-intro = 次の理由により、お送りいただいたメールは宛先に届けられませんでした。添付ファイルもお預かりしていません。
stopped-mail-subject = メールの件名: { $subject }
stopped-mail-time = 受付日時: { $time }
stopped-reference = 受付番号: { $reference }({ $codes })

# The deposit notice: to each recipient, with a link of their own (crates/exchange/src/notice.rs).
deposit-notice-lead = { $sender } 様からのファイルをお預かりしています。
deposit-notice-how = 下記のページを開き、ファイルパスワードを入力すると、ダウンロードできます。
deposit-notice-password-in-mail = ファイルパスワードは、{ $sender } 様からのメールに記載されています。
deposit-notice-password-elsewhere = ファイルパスワードは、{ $sender } 様にお問い合わせください。
deposit-notice-open = ファイルを受け取る
deposit-notice-url = ボタンを押しても開かない場合は、次のURLをブラウザに貼り付けてください。
deposit-notice-sender = 送信者
deposit-notice-subject = 件名
deposit-notice-no-subject = (件名なし)
deposit-notice-sent = 送信日時
deposit-notice-expires = 受取期限
deposit-notice-until = { $time } まで
deposit-notice-files = ファイル({ $count }件)
deposit-notice-file = { $name }({ $size })
deposit-notice-more = ほか { $count }件
deposit-notice-personal = このURLは、このメールを受け取られた方専用です。ほかの方へ転送しないでください。
deposit-notice-stranger = お心当たりのない場合は、URLを開かずに、このメールを削除してください。
deposit-notice-automatic = このメールは { $brand } が自動で送信しています。返信すると、送信者に届きます。
