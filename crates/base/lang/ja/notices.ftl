# A mail was stopped: the notice to its sender (crates/gateway/src/stop.rs).
stopped-subject = 【送信停止】{ $subject }
stopped-intro = 次の理由により、お送りいただいたメールを宛先へお届けできませんでした。添付ファイルもお預かりしていません。
stopped-intro-held = 次の理由により、お送りいただいたメールを宛先へお届けできませんでした。メールは、運営者が確認できるよう保留しています。
stopped-mail-subject = メールの件名: { $subject }
stopped-mail-time = 受付日時: { $time }
stopped-reference = 受付番号: { $reference }({ $codes })

# The deposit notice: to each recipient, with a link of their own (crates/exchange/src/notice.rs).
deposit-notice-lead = { $sender } から届いたファイルをお預かりしています。
deposit-notice-how = 下記のページを開き、ファイルパスワードを入力すると、ダウンロードできます。
deposit-notice-password-in-mail = ファイルパスワードは、送信者からのメールに記載されています。
deposit-notice-password-elsewhere = ファイルパスワードは、送信者にお問い合わせください。
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

# A mail could not be delivered: the notification to its sender (crates/post/src/bounce.rs).
bounce-subject = 【配信不能】{ $subject }
bounce-no-subject = (件名なし)
bounce-intro = お送りいただいたメールを、次の宛先に届けることができませんでした。
bounce-intro-deposit = お預かりしたファイルのお知らせ(お預かり通知メール)を、次の宛先に届けることができませんでした。この宛先の方にはファイルの受け取り方法が伝わっていません。
bounce-recipient = 宛先: { $recipient }
bounce-said = 相手のサーバ { $host } の応答: { $reply }
bounce-cause = 詳細: { $reply }
bounce-others = このほかの宛先への送信には影響ありません。
bounce-mail-subject = メールの件名: { $subject }
bounce-mail-time = 受付日時: { $time }
bounce-reference = 受付番号: { $reference }
bounce-attached-mail = 送信したメールを添付します。ファイルパスワードは伏せてあります。
bounce-attached-header = 送信したメールのヘッダーを添付します。
relayed-subject = 【中継済み】{ $subject }
relayed-intro = 配信通知のご依頼があったメールを、次の宛先のメールサーバに引き渡しました。相手のサーバは配信通知に対応していないため、この先の通知はありません。
relayed-to = 引き渡し先のサーバ: { $host }
delayed-subject = 【配信遅延】{ $subject }
delayed-intro = お送りいただいたメールは、次の宛先にまだ届いていません。{ $until } まで、繰り返し送信を試みます。送り直していただく必要はありません。届けることができなかったときは、あらためてお知らせします。
bounce-reason-no-mailbox = このメールアドレスは存在しません。アドレスに誤りがないかご確認のうえ、正しい宛先に送り直してください。
bounce-reason-no-domain = 宛先のドメイン(@より後ろの部分)が存在しないか、メールを受け付けていません。つづりに誤りがないかご確認ください。
bounce-reason-bad-address = 宛先の書き方に誤りがあるか、この宛先には送信できません。アドレスをご確認ください。
bounce-reason-mailbox-full = 宛先のメールボックスがいっぱいです。相手の方に電話などでお知らせいただくか、時間をおいて送り直してください。
bounce-reason-mailbox-closed = 宛先のメールボックスは現在メールを受け取れません。相手の方に別の方法でご確認ください。
bounce-reason-too-large = メールの大きさが、宛先のサーバで受け取れる上限を超えています。本文を短くして送り直してください。
bounce-reason-loop = 宛先までの経路が途中で元に戻っており、届けることができません。相手方のメール管理者にご連絡ください。
bounce-reason-expired = 繰り返し送信を試みましたが、期限までに届けることができませんでした。時間をおいて送り直すか、相手の方に別の方法でご連絡ください。
bounce-reason-unreachable = 宛先のサーバに接続できませんでした。時間をおいて送り直すか、相手の方に別の方法でご連絡ください。
bounce-reason-policy = 宛先のサーバが、受信側の規則によりこのメールの受け取りを断りました。相手の方、または貴社のメール管理者にご相談ください。
bounce-reason-refused = 宛先のサーバがこのメールの受け取りを断りました。下記の応答を添えて、貴社のメール管理者にご相談ください。
